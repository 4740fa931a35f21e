"""What may be wrong with a key that is kept, whichever kind of disk it is for. Nothing here opens an envelope.

Each gives what is wrong, a line a fault; a key is well kept where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from leeboard.escrow.keys import envelope
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.vault.replica import Place
from leeboard.escrow.vault.vault import LEAST_CUSTODIANS
from leeboard.model.enums import Level


def damaged(key: Key, places: Iterable[Place]) -> list[str]:
    """Copies of its envelope that are not as the ledger knows them. Raises LeeboardError."""
    contents = {place.copy: place.read(key.name) for place in places}
    return [
        f"copy {copy} of the envelope of key {key.id} {'is missing' if content is None else 'was changed'}"
        for copy, content in contents.items()
        if content is None or envelope.digest(content) != key.digest
    ]


def too_few(key: Key, level: Level) -> list[str]:
    """Whether fewer custodians can open it than the level of its device asks for."""
    sealed, least = len(set(key.custodians)), LEAST_CUSTODIANS[level]
    return [f"key {key.id} is sealed to {sealed} custodian, and this level asks for {least}"] if sealed < least else []


def known_to_others(key: Key, custodians: Set[str]) -> list[str]:
    """Whether somebody knows it, or could, who should not any more; `custodians` are today's, by fingerprint."""
    if key.state is State.USED and key.opened:
        return [f"key {key.id} was read out at {key.opened[-1]}"]
    if key.state is State.USED:
        return [f"key {key.id} was typed at the device, as we heard at {key.typed}"]
    if key.adopted:
        return [f"key {key.id} was known before it was kept"]
    if set(key.custodians) != custodians:
        return [f"key {key.id} is sealed to other custodians than today's"]
    if not set(key.readers) <= custodians:
        return [f"key {key.id} was sealed to somebody who is no custodian any more"]
    return []
