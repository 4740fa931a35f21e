"""What is kept of a device's disks beside what the device shows: the readings that ENC-07 and ENC-08 are judged by.

They are taken on the controller, during the visit, and filed with what the device said: so the evidence of a night says
that a disk could be recovered then, without any private key. Nothing here opens an envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import clone_detection, controller_state, custody, replica
from leeboard.escrow.vault.binding import Binding, Volume, faults, parse, strangers
from leeboard.escrow.vault.clone_detection import Owner
from leeboard.escrow.vault.controller_state import Note
from leeboard.escrow.vault.device_records import earlier_owners, records_of
from leeboard.escrow.vault.records import Header, Key, Records, State
from leeboard.escrow.vault.replica import Place
from leeboard.model.device import Device
from leeboard.model.enums import Level, Platform
from leeboard.model.observation import Aspect, Found, Nothing, Observation, Reading, Unreadable
from leeboard.model.values import plain
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import Wanted
from leeboard.verdict import device_clock
from leeboard.verdict.judgements.escrowed_keys import KeptDisk, KeptKey

DRIVER = "escrow"
ON_WINDOWS = "bitlocker_escrow"  # leeboard/escrow/volumes/readings.py takes its readings
SHOWN = ("luks_volume", "bindings")  # what the device has to show for it
DIRECTORY = "directory_escrow"  # leeboard/escrow/volumes/holdings.py does
AGE = "age"
SOURCE = "the vault of recovery keys"
NO_VAULT = "this controller has no vault; leeboard escrow init begins one"
LONGEST = 400  # characters of what is wrong with a disk
Look = Callable[["_Escrow", Volume, Binding], tuple[list[str], str]]


def asked_of_device(baseline: Baseline, platform: Platform) -> dict[str, list[str]]:
    """The addresses of a visit by driver: what the baseline names, with what the vault needs in place of its own.

    Of its clock a device is not asked: the controller sees that by itself. What the vault needs of a Windows device,
    other settings ask for.
    """
    addresses = dict(baseline.addresses(platform))
    addresses.pop(device_clock.DRIVERS.get(platform, ""), None)
    for driver in (ON_WINDOWS, DIRECTORY):
        addresses.pop(driver, None)
    if addresses.pop(DRIVER, None):
        driver, address = SHOWN
        addresses[driver] = sorted({*addresses.get(driver, ()), address})
    return addresses


def lasts(wanted: Wanted, driver: str = DRIVER) -> int | None:
    """For how many days a device's key is good, as ENC-08 has it for the readings of this driver; None for ever."""
    limits = (
        setting.value
        for setting in wanted.settings
        if (setting.setting.driver, setting.setting.address) == (driver, AGE)
    )
    value = next(limits, None)
    return value if isinstance(value, int) else None


def of_escrow(observation: Observation, device: Device, var: Path) -> list[Reading]:
    """The readings of the vault in `var`, about the disks of a device that was observed.

    None for a platform whose keys are not kept here.
    """
    if device.platform is not Platform.LINUX:
        return []
    aspects = _aspects(observation, device, var)
    return [Reading(driver=DRIVER, address=address, effective=aspect) for address, aspect in aspects.items()]


def _aspects(observation: Observation, device: Device, var: Path) -> dict[str, Aspect]:
    try:
        shown = observation.reading(*SHOWN)
        if shown is None or isinstance(shown.effective, Nothing):
            return _all(Unreadable(state="unreadable", code="failed", why="the device showed no LUKS volumes"))
        if isinstance(shown.effective, Unreadable):
            return _all(shown.effective)
        texts = shown.effective.value
        volumes = [volume for volume in parse(texts if isinstance(texts, list) else [texts]) if volume.worth_a_key]
        seen = controller_state.read(var)
        if volumes and not seen.vault:
            return _all(Nothing(state="absent", source=SOURCE, note=NO_VAULT))
        owner, earlier = (device.urn, device.asset), earlier_owners(device)
        shown_now = [volume.binding for volume in volumes if volume.binding is not None]
        clone_detection.record_disks(var, owner, shown_now, earlier)
        records = records_of(var, device, {one.uuid for one in shown_now})
        escrow = _Escrow(var, owner, seen, records, device.level, earlier)
    except LeeboardError as problem:
        return _all(Unreadable(state="unreadable", code="malformed", why=str(problem)[:500], source=SOURCE))
    aspects = {address: _judged(escrow, volumes, look) for address, look in LOOKS.items()}
    return {**aspects, AGE: _ages(escrow, volumes)}


def _all(aspect: Aspect) -> dict[str, Aspect]:
    return dict.fromkeys((*LOOKS, AGE), aspect)


def _judged(escrow: _Escrow, volumes: Sequence[Volume], look: Look) -> Aspect:
    """What is wrong with each volume, as judgements/kept.py takes it; what cannot be told of one is told of none."""
    disks = []
    for volume in volumes:
        if volume.trouble is not None:
            why = f"{volume.label}: {volume.trouble.why}"[:500]
            return Unreadable(state="unreadable", code=volume.trouble.code, why=why, source=SOURCE)
        try:
            wrong, grounds = ([_of_old(volume)], "") if volume.binding is None else look(escrow, volume, volume.binding)
        except LeeboardError as problem:
            return Unreadable(state="unreadable", code="failed", why=str(problem)[:500], source=SOURCE)
        disk = KeptDisk(
            name=volume.label,
            faults=tuple(plain(fault, LONGEST) for fault in wrong),
            grounds=plain(grounds, LONGEST),
        )
        disks.append(disk.model_dump_json())
    return Found(state="value", value=list[str](disks), source=SOURCE)


def _ages(escrow: _Escrow, volumes: Sequence[Volume]) -> Aspect:
    """The key of each volume and when it was made, as judgements/escrowed_keys.py takes it.

    A volume whose header cannot be read has none.
    """
    keys = []
    for volume in volumes:
        key = escrow.current(volume.binding) if volume.binding is not None else None
        kept = KeptKey(name=volume.label)
        if key is not None:
            kept = KeptKey(name=volume.label, id=key.id, made=key.made)
        keys.append(kept.model_dump_json(exclude_none=True))
    return Found(state="value", value=list[str](keys), source=SOURCE)


def kept_under(urn: str) -> str:
    """Where a key is kept of a device whose school has another URN by now."""
    return f"it is kept under {urn}, the URN that the school had before"


def _of_old(volume: Volume) -> str:
    if volume.version == 1:
        return "its header is of version 1, which no key can be bound to; see cryptsetup convert"
    return "nothing is known of its header"


class _Escrow:
    """What the vault has of one device."""

    def __init__(
        self, var: Path, owner: Owner, seen: Note, records: Records, level: Level, earlier: tuple[Owner, ...]
    ) -> None:
        self.var = var
        self.owner = owner
        self.seen = seen
        self.records = records
        self.level = level
        self.earlier = earlier  # the same device as its school was registered before

    def keys(self, uuid: str) -> list[Key]:
        """The keys of a disk that have opened it, the newest first."""
        good = (State.PROVED, State.USED)
        return [key for key in reversed(self.records.keys) if key.disk == uuid and key.state in good]

    def current(self, now: Binding) -> Key | None:
        """The newest key that still opens the disk; None where there is none."""
        return next((key for key in self.keys(now.uuid) if not faults(key, now)), None)

    @cached_property
    def places(self) -> list[Place]:
        """Both places of the vault. Raises LeeboardError: one is away."""
        return [replica.open_place(path, self.seen.vault, copy) for copy, path in enumerate(self.seen.places, 1)]

    def cut_off(self, header: Header) -> list[str]:
        """Copies of a header that are not there whole, by size: `escrow verify` reads them. Raises LeeboardError."""
        return [
            f"copy {place.copy} of the header's copy {header.id} is missing or cut off"
            for place in self.places
            if place.size(header.name) != header.size
        ]


def _escrowed(escrow: _Escrow, volume: Volume, now: Binding) -> tuple[list[str], str]:
    """Whether the key that is kept is the one in the disk, and opens no other device's."""
    shared = clone_detection.shared(escrow.var, escrow.owner, now, escrow.earlier)
    wrong, grounds = _proved_key(escrow, now)
    return shared + wrong, grounds


def _proved_key(escrow: _Escrow, now: Binding) -> tuple[list[str], str]:
    keys = escrow.keys(now.uuid)
    key = escrow.current(now)
    if key is None and keys:
        return faults(keys[0], now), ""
    if key is None:
        pending = any(record.disk == now.uuid and record.state is State.PENDING for record in escrow.records.keys)
        more = ": one is in the vault, and nobody has proved that it opens the disk" if pending else ""
        return [f"no recovery key of disk {now.uuid} is kept{more}"], ""
    wrong = [*custody.damaged(key, escrow.places), *custody.too_few(key, escrow.level)]
    slot = key.binding["slot"]
    where = "" if key.owner == escrow.owner else f"; {kept_under(key.urn)}"
    return wrong, f"key {key.id} opens slot {slot} of disk {now.uuid}, as proved at {key.proved}{where}"


def _copied(escrow: _Escrow, volume: Volume, now: Binding) -> tuple[list[str], str]:
    """Whether the newest copy of its header is of the header as it is."""
    mine = [header for header in escrow.records.headers if header.disk == now.uuid]
    if not mine:
        return ["no copy of its header is kept"], ""
    newest = mine[-1]
    if newest.binding != now.model_dump(mode="json"):
        return [f"its header has changed since the copy of {newest.made}"], ""
    return escrow.cut_off(newest), f"copy of {newest.made}"


def _rotated(escrow: _Escrow, volume: Volume, now: Binding) -> tuple[list[str], str]:
    """Whether the key is known to nobody who should not know it any more."""
    key = escrow.current(now)
    if key is None:
        return ["no key that opens it is kept"], ""
    wrong = custody.known_to_others(key, set(escrow.seen.custodians))
    return wrong, "" if wrong else f"key {key.id} was read out by nobody"


def _known(escrow: _Escrow, volume: Volume, now: Binding) -> tuple[list[str], str]:
    """Whether the vault knows every slot and token of the disk."""
    key = escrow.current(now)
    if key is None:
        return ["no key that opens it is kept, so there is nothing to compare with"], ""
    return strangers(key, now), f"as when key {key.id} was proved"


LOOKS: dict[str, Look] = {
    "escrowed": _escrowed,
    "header-backup": _copied,
    "rotated": _rotated,
    "slots": _known,
}
