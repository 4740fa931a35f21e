"""Is the vault whole? Both copies of every envelope and of every disk's header, the ledger, the certificates."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from leeboard.errors import LeeboardError
from leeboard.escrow.keys import envelope
from leeboard.escrow.keys.certificates import ends_soon
from leeboard.escrow.vault import clone_detection, controller_state
from leeboard.escrow.vault.records import AUTHORITY, AuthorityKey, Header, Key, Records, State
from leeboard.escrow.vault.replica import Place
from leeboard.escrow.vault.vault import NoCopy, Vault
from leeboard.model.verdicts import Verdict

SEALED = (".pem", ".header")
SHARES = 28  # headers are large: each is read whole on one day in 28, and its size is looked at on the others


@dataclass(frozen=True)
class Checked:
    """What came of it: every key, how many envelopes both copies have as the ledger knows them, the copies of headers,
    and what is wrong. `mended` devices were remembered wrongly by this controller, and are remembered rightly now; so
    were `disks` entries of the list which device has which disk."""

    keys: tuple[Key, ...]
    whole: int
    headers: int
    problems: tuple[str, ...]
    mended: int
    disks: int


def check(vault: Vault, at: datetime) -> Checked:
    """Read both places, past what the kernel remembers, and put right what the controller remembers of each device.

    Raises LeeboardError for a broken ledger.
    """
    records = vault.records()
    keys = tuple(key for record in records.values() for key in record.keys)
    headers = tuple(header for record in records.values() for header in record.headers)
    problems = [*ends_soon(vault.custodians, at)]
    whole = 0
    for key in keys:
        wrong = list(_wrong(vault, key))
        problems += wrong
        whole += not wrong
    share = at.toordinal() % SHARES
    for header in headers:
        today = zlib.crc32(header.name.encode()) % SHARES == share
        problems += _wrong(vault, header) if today else _cut_off(vault, header)
    authority = tuple(vault.authority_keys().values())
    for secret in authority:
        problems += _wrong(vault, secret)
    known = {key.name for key in keys} | {header.name for header in headers} | {secret.name for secret in authority}
    for place in vault.places:
        problems += [
            f"{place.path / name}: the ledger does not know this file: a run died before it was named, or the end of "
            "the ledger was lost. It opens nothing that is known"
            for name in place.names()
            if _is_envelope(name) and name not in known
        ]
    problems += _to_another(vault, keys, authority)
    mended = _remembered(vault, records)
    problems += clone_detection.all_shared(vault.var, records)
    return Checked(keys, whole, len(headers), tuple(problems), mended, clone_detection.made_again(vault.var, records))


def mended(vault: Vault, at: datetime) -> list[str]:
    """Bring every copy that is missing or changed back from the other place, where that has it; their names.

    Raises LeeboardError for a place that cannot be written to. What neither place has is left to `check` to say.
    """
    names = []
    with vault.writing(at) as writer:
        of_devices = [sealed for record in vault.records().values() for sealed in record.sealed]
        for sealed in (*of_devices, *vault.authority_keys().values()):
            with suppress(NoCopy):
                if writer.mend(sealed):
                    names.append(sealed.name)
    return names


def unbound(keys: Iterable[Key], seen: Mapping[tuple[str, str], tuple[str, datetime | None]]) -> list[str]:
    """A line for each device with a key in use that its last check did not find bound to its disks.

    `seen` has the verdict of ENC-07 for each device, and when it was last seen.
    """
    places = sorted({key.owner for key in keys if key.state in (State.PROVED, State.USED)})
    problems = []
    for urn, asset in places:
        verdict, at = seen.get((urn, asset), ("", None))
        if not verdict:
            problems.append(f"{urn} {asset}: no check has compared its key with its disk yet")
        elif verdict != str(Verdict.COMPLIANT):
            when = f"{at:%d %B %Y}" if at is not None else "the last check"
            problems.append(
                f"{urn} {asset}: ENC-07 is {verdict.replace('_', ' ')} as of {when}; leeboard drift says why"
            )
    return problems


def _is_envelope(name: str) -> bool:
    return (name.endswith(SEALED) and name[0].isdigit()) or name.startswith(f"{AUTHORITY}/")


def _wrong(vault: Vault, sealed: Key | Header | AuthorityKey) -> Iterator[str]:
    for place in vault.places:
        why = _copy(place, sealed)
        if why:
            yield _line(place, sealed, why)


def _copy(place: Place, sealed: Key | Header | AuthorityKey) -> str:
    try:
        content = place.read(sealed.name)
    except (LeeboardError, OSError) as problem:
        return f"cannot be read ({problem})"
    if content is None:
        return "is missing"
    return "" if envelope.digest(content) == sealed.digest else "is not as the ledger knows it"


def _cut_off(vault: Vault, header: Header) -> Iterator[str]:
    for place in vault.places:
        if place.size(header.name) != header.size:
            yield _line(place, header, "is missing or cut off")


def _line(place: Place, sealed: Key | Header | AuthorityKey, why: str) -> str:
    where = f"{place.path / sealed.name}: copy {place.copy}"
    return f"{where} {why}; bring it back from the other copy, or from a backup"


def _to_another(vault: Vault, keys: tuple[Key, ...], secrets: tuple[AuthorityKey, ...]) -> Iterator[str]:
    """Keys in use that one of today's custodians cannot open, or somebody can who is none any more."""
    now = {custodian.fingerprint for custodian in vault.custodians}
    for key in keys:
        if key.state in (State.RETIRED, State.DROPPED) or set(key.custodians) == now:
            continue
        yield f"{key.urn} {key.asset}: key {key.id} is sealed to other custodians than today's"
    for secret in secrets:
        if set(secret.custodians) != now:
            yield f"VPN's authority: key {secret.id} is sealed to other custodians than today's"


def _remembered(vault: Vault, records: Mapping[tuple[str, str], Records]) -> int:
    """Make the controller remember what the ledger says; for how many devices it did not."""
    mended = 0
    for (urn, asset), record in records.items():
        try:
            known = controller_state.records(vault.var, urn, asset)
        except LeeboardError:
            known = Records()
        if known != record:
            controller_state.write_records(vault.var, urn, asset, record)
            mended += 1
    return mended
