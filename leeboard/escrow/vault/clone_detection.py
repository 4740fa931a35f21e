"""Which devices have which disk, so that a disk that was cloned is found: by its LUKS UUID and by its own key's digest.

    var/escrow/seen/URN/ASSET.json      the disks that a device showed when somebody looked at it last
    var/escrow/disks/NAME/URN.ASSET     an empty file for each device with a disk of this UUID or digest: one that it
                                        showed, or one for which a key of it is in use

To look a disk up costs the listing of a folder in which there is one file, however many devices there are. Whoever
visits a device writes files of that device only, and writes them before they look: of two that are visited side by
side at least one sees the other. No lock is needed, and `verify` makes all of the second folder again, from the first
and from the ledger.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.binding import Binding
from leeboard.escrow.vault.records import Records, State
from leeboard.model.values import plain
from leeboard.storage import files

SEEN = "escrow/seen"
DISKS = "escrow/disks"
MOST_BYTES = 64 * 1024
MOST_DISKS = 32  # of one device
NAME = re.compile(r"[0-9A-Za-z-]{1,64}")  # it names a folder
IN_USE = (State.PROVED, State.USED)
COPY = "what opens one opens the other. Encrypt one of them anew (cryptsetup reencrypt)"
TWICE = "whoever needs a key would take the wrong one. Give one of them another UUID (cryptsetup luksUUID, crypttab)"

Owner = tuple[str, str]  # a device, by URN and asset tag
Disk = tuple[str, str]  # by LUKS UUID and the digest of its own key


def record_disks(var: Path, owner: Owner, shown: Iterable[Binding], earlier: Iterable[Owner] = ()) -> None:
    """Record the disks that a device shows. Raises LeeboardError.

    `earlier` is the same device as its school was registered before: it shows them no more.
    """
    now = {(disk.uuid, disk.volume_key) for disk in list(shown)[:MOST_DISKS]}
    before = seen(var, owner)
    with controller_state.writing(var):
        if now != before:
            _write(var, owner, now)
        for name in _names(now):
            _enter(var, name, owner)
        for name in _names(before) - _names(now) - _names(_disks_with_keys(var, owner)):
            _entry(var, name, owner).unlink(missing_ok=True)
    for old in earlier:
        for uuid in {uuid for uuid, _key in seen(var, old) & now}:
            forget(var, old, uuid)


def record_keys(var: Path, owner: Owner, before: Records, after: Records) -> None:
    """Record for which disks a device has keys in use, after its records changed. Raises LeeboardError."""
    now = _names(disks_of(after))
    gone = _names(disks_of(before)) - now
    with controller_state.writing(var):
        for name in now:
            _enter(var, name, owner)
        for name in gone - _names(seen(var, owner)) if gone else ():
            _entry(var, name, owner).unlink(missing_ok=True)


def forget(var: Path, owner: Owner, uuid: str | None = None) -> bool:
    """No longer count what a device showed, or of it only the disk with this LUKS UUID; whether it had shown that.

    Raises LeeboardError.
    """
    before = seen(var, owner)
    left = {disk for disk in before if uuid not in (None, disk[0])}
    with controller_state.writing(var):
        for name in _names(before) - _names(left) - _names(_disks_with_keys(var, owner)):
            _entry(var, name, owner).unlink(missing_ok=True)
        if left:
            _write(var, owner, left)
        else:
            _seen(var, owner).unlink(missing_ok=True)
    return left != before


def shared(var: Path, owner: Owner, disk: Binding, earlier: Iterable[Owner] = ()) -> list[str]:
    """A line for each other device that has this disk, or one with its UUID. Raises LeeboardError.

    `earlier` is the same device as its school was registered before.
    """
    same = {owner, *earlier}
    copies = [other for other in _owners(var, disk.volume_key) if other not in same]
    named = [other for other in _owners(var, disk.uuid) if other not in same and other not in copies]
    mine = f"disk {disk.uuid} of {device_text(owner)}"
    copied = [f"{mine} is a copy of one of {device_text(other)}: {COPY}; {_moved(other)}" for other in copies]
    return copied + [f"{mine} has the UUID of one of {device_text(other)}: {TWICE}; {_moved(other)}" for other in named]


def all_shared(var: Path, records: Mapping[Owner, Records]) -> list[str]:
    """A line for each disk that several devices have, of a whole estate. Raises LeeboardError."""
    by_key, by_uuid = defaultdict(set), defaultdict(set)
    for owner, disks in _all(var, records).items():
        for uuid, key in disks:
            by_key[key].add((owner, uuid))
            by_uuid[uuid].add(owner)
    problems, reported = [], set()
    for key, of in sorted(by_key.items()):
        owners = _without_earlier(var, {owner for owner, _uuid in of}, 1, key)
        if key and len(owners) > 1:
            reported.add(tuple(owners))
            uuids = ", ".join(sorted({uuid for _owner, uuid in of}))
            problems.append(f"{_list(owners)}: disk {uuids} of one is a copy of the other's: {COPY}")
    for uuid, owners_of in sorted(by_uuid.items()):
        owners = _without_earlier(var, owners_of, 0, uuid)
        if uuid and len(owners) > 1 and tuple(owners) not in reported:
            problems.append(f"{_list(owners)}: each has a disk with the UUID {uuid}: {TWICE}")
    return problems


def _without_earlier(var: Path, owners: Collection[Owner], part: int, name: str) -> list[Owner]:
    """The devices with a disk of this name, which is the first or second part of a Disk.

    Without those that only have a key of it and show it no more while another one with their tag does: their school was
    registered under another URN since (`record_disks`).
    """
    if len(owners) < 2:  # nearly every disk, and what a device shows is a file
        return list(owners)
    shows = {owner: any(disk[part] == name for disk in seen(var, owner)) for owner in owners}
    tags = {asset for (_urn, asset), is_shown in shows.items() if is_shown}
    return sorted(owner for owner, is_shown in shows.items() if is_shown or owner[1] not in tags)


def made_again(var: Path, records: Mapping[Owner, Records]) -> int:
    """Put right what lies in the folder of disks; how many entries were wrong. Raises LeeboardError."""
    wanted = {(name, _file(owner)): owner for owner, disks in _all(var, records).items() for name in _names(disks)}
    with controller_state.writing(var):
        top = var / DISKS
        existing = {
            (folder.name, path.name)
            for folder in (top.iterdir() if top.is_dir() else ())
            for path in (folder.iterdir() if folder.is_dir() else [folder])
        }
        for name, _path in wanted.keys() - existing:
            _enter(var, name, wanted[name, _path])
        wrong = 0
        for name, path in existing - wanted.keys():
            # A visit may have made it meanwhile.
            owner = _owner(path)
            if owner is None or name not in _names(seen(var, owner) | _disks_with_keys(var, owner)):
                wrong += 1
                (top / name / path if (top / name).is_dir() else top / name).unlink(missing_ok=True)
    return wrong + len(wanted.keys() - existing)


def disks_of(records: Records) -> set[Disk]:
    """The LUKS disks for which keys are in use."""
    return {
        (key.disk, str(key.binding.get("disk", {}).get("volume_key", "")))
        for key in records.keys
        if key.state in IN_USE and key.kind is Kind.LUKS
    }


def seen(var: Path, owner: Owner) -> set[Disk]:
    """What a device showed last; nothing where that makes no sense: the next look at it says it again."""
    with suppress(LeeboardError, ValueError, TypeError):
        content = files.read_regular(_seen(var, owner), MOST_BYTES)
        if content is not None:
            return {(str(uuid), str(key)) for uuid, key in json.loads(content)}
    return set()


def device_text(owner: Owner) -> str:
    """The name of a device in messages."""
    return f"{plain(owner[1], 64)} (school {plain(owner[0], 6)})"


def everybody(var: Path) -> Iterator[Owner]:
    """Every device that showed a disk."""
    for path in sorted((var / SEEN).glob("*/*.json")):
        yield path.parent.name, path.stem


def _all(var: Path, records: Mapping[Owner, Records]) -> dict[Owner, set[Disk]]:
    owners = {*records, *everybody(var)}
    return {owner: seen(var, owner) | disks_of(records.get(owner, Records())) for owner in owners}


def _disks_with_keys(var: Path, owner: Owner) -> set[Disk]:
    with suppress(LeeboardError):
        return disks_of(controller_state.records(var, *owner))
    return set()


def _moved(owner: Owner) -> str:
    return f"if it was moved from there, say so with leeboard escrow retire {owner[1]}"


def _list(owners: Iterable[Owner]) -> str:
    return " and ".join(map(device_text, owners))


def _names(disks: Iterable[Disk]) -> set[str]:
    return {name for disk in disks for name in disk if NAME.fullmatch(name)}


def _owners(var: Path, name: str) -> list[Owner]:
    folder = var / DISKS / name
    if not NAME.fullmatch(name) or not folder.is_dir():
        return []
    return sorted(owner for path in folder.iterdir() if (owner := _owner(path.name)) is not None)


def _owner(file: str) -> Owner | None:
    urn, dot, asset = file.partition(".")
    return (urn, asset) if dot and urn and asset else None


def _file(owner: Owner) -> str:
    return f"{owner[0]}.{owner[1]}"


def _entry(var: Path, name: str, owner: Owner) -> Path:
    return var / DISKS / name / _file(owner)


def _seen(var: Path, owner: Owner) -> Path:
    return var / SEEN / owner[0] / f"{owner[1]}.json"


def _write(var: Path, owner: Owner, disks: set[Disk]) -> None:
    path = _seen(var, owner)
    files.make_folder(path.parent)
    files.replace(path, json.dumps(sorted(disks)).encode() + b"\n")


def _enter(var: Path, name: str, owner: Owner) -> None:
    path = _entry(var, name, owner)
    if not path.exists():
        files.make_folder(path.parent)
        path.touch(0o600)
        files.sync_folder(path.parent)
