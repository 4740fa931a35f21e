"""Is the key that is kept still the one in the disk? Told without the key, from digests that a device shows each night.

The wire form is described in `plugins/module_utils/_linux/luks/binding.py`; device text is hostile until it has passed
through here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from pydantic import Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.vault.records import Key
from leeboard.model.observation import Text
from leeboard.model.strict import Wire
from leeboard.model.values import plain
from leeboard.verdict.judgements.volume import Trouble

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{0,64}$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
Small = Annotated[int, Field(ge=0, le=99)]
HOLDS_DATA = frozenset(("system", "data"))  # what a volume is used for that is worth a recovery key


class Token(Wire):
    """A token that Leeboard made: the id of its key, and the slot and cost (iterations) that the key was added with.

    `assigned` is whether the token has the slot, which is the last thing it gets.
    """

    token: Small
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    slot: Small
    iterations: Annotated[int, Field(ge=1, le=2**32)]
    assigned: bool


class Binding(Wire):
    """Digests over all of a LUKS2 header that decides what opens the disk."""

    uuid: Uuid
    version: Annotated[int, Field(ge=2, le=2)]
    volume_key: Digest
    segments: Digest
    slots: Annotated[dict[Number, Digest], Field(max_length=32)]
    tokens: Annotated[dict[Number, Digest], Field(max_length=32)]
    ours: Annotated[list[Token], Field(max_length=32)]

    @property
    def digest(self) -> str:
        """One digest over all of it, as the device makes it."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Volume(Wire):
    """A LUKS volume of a device: what it is used for, and what binds a key to it, or why that could not be read."""

    device: Text
    uuid: Uuid
    mounts: list[Text]
    roles: list[Text]
    removable: bool
    version: Annotated[int, Field(ge=1, le=2)]
    detached: bool
    binding: Binding | None = None
    trouble: Trouble | None = None

    @property
    def label(self) -> str:
        """The name of the volume for a person."""
        mounts = ", ".join(self.mounts)
        return plain(f"{self.device} ({mounts})" if mounts else self.device, 120)

    @property
    def worth_a_key(self) -> bool:
        """Whether data lie on it that the school may have to get back: not a visitor's stick, and not swap alone."""
        return not self.removable and bool(HOLDS_DATA.intersection(self.roles))


def parse(texts: Iterable[Any]) -> list[Volume]:
    """The volumes in a device's answer. Raises LeeboardError."""
    try:
        return [Volume.model_validate_json(text) for text in texts]
    except (ValidationError, TypeError):
        raise LeeboardError("what the device says of its LUKS volumes makes no sense") from None


def faults(key: Key, now: Binding) -> list[str]:
    """Why a key that opened the disk when it was proved may not open it now; none when it does."""
    try:
        then = Binding.model_validate(key.binding["disk"])
        slot = str(key.binding["slot"])
    except (ValidationError, KeyError, TypeError):
        return [f"what is kept of key {key.id} does not say what disk it opened"]
    if then.uuid != now.uuid:
        return [f"key {key.id} belongs to another disk"]
    if then.volume_key != now.volume_key:
        return [
            f"its own key is another one than when key {key.id} was proved: it was encrypted anew, or it is another "
            "disk with the same UUID"
        ]
    if slot not in now.slots:
        return [f"slot {slot}, which key {key.id} opens, is gone"]
    if then.slots.get(slot) != now.slots[slot]:
        return [
            f"slot {slot} is not as it was when key {key.id} was proved: an older header was restored, or somebody "
            "changed it"
        ]
    if then.segments != now.segments:
        return ["the encrypted part of the disk is another one than when its key was proved"]
    return []


def strangers(key: Key, now: Binding, ours: Collection[str] = ()) -> list[str]:
    """Slots and tokens that nobody told the vault of since a key was proved, in words.

    `ours` are ids of keys whose slots and tokens do not count. That a token on the disk says it is ours proves nothing:
    anybody can write that.
    """
    return [f"{what} {number} was {how} since" for what, number, how in _unknown(key, now, ours)]


def known(before: Key | None, now: Binding, ours: Collection[str]) -> dict[str, Any]:
    """A binding for the ledger without what was a stranger's before: proving a key makes nobody's slot ours."""
    data = now.model_dump(mode="json")
    for what, number, _how in _unknown(before, now, ours) if before is not None else ():
        del data[f"{what}s"][number]
    return data


def _unknown(key: Key, now: Binding, ours: Collection[str]) -> list[tuple[str, str, str]]:
    """(slot or token, number, added or changed) of what was not there when a key was proved."""
    try:
        then = Binding.model_validate(key.binding["disk"])
    except (ValidationError, KeyError):
        return []
    mine = [token for token in now.ours if token.key in ours]
    passed = {"slot": {str(token.slot) for token in mine}, "token": {str(token.token) for token in mine}}
    pairs = {"slot": (then.slots, now.slots), "token": (then.tokens, now.tokens)}
    return [
        (what, number, "changed" if number in before else "added")
        for what, (before, after) in pairs.items()
        for number in sorted(after, key=int)
        if number not in passed[what] and before.get(number) != after[number]
    ]
