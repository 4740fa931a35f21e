"""The volumes of a machine and how LUKS protects them. Read only; nothing is opened, and no key is ever shown.

Addresses: `volumes` (a list of JSON texts, one a volume, in the form that leeboard/verdict/judgements/volume.py
describes) and `bindings` (a list of JSON texts, one a LUKS volume, in the form that leeboard/escrow/vault/binding.py
describes).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each, text_or_nothing
from ..system.block_devices import Device
from ..system.kernel import CMDLINE
from ..system.mounts import Mapping, crypttab
from . import keys as luks_keys
from .layout import Layout, Volume

if TYPE_CHECKING:
    from .initramfs_unlock import Start

NAME = "luks_volume"
ADDRESSES = re.compile(r"\A(?:volumes|bindings)\Z")
ALL = ["volumes", "bindings"]
MOST_TEXT = 8000  # characters of one volume; a longer text would be cut on its way
MOST_VOLUMES = 200
BY_INITRAMFS = ("/", "/usr")  # what must be there before the system itself starts
# How snapd labels what it opens itself: on Ubuntu its keys, sealed in the TPM, lie in files beside the header.
BY_SNAPD = ("ubuntu-data-enc", "ubuntu-save-enc")
RESUME_FILE = "/etc/initramfs-tools/conf.d/resume"
RESUME = re.compile(r"(?:^|\s)(?:RESUME|resume)=(\S+)")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    finders = {"volumes": _volumes, "bindings": _bindings}
    return read_each(NAME, ADDRESSES, addresses, lambda address: finders[address](host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: keys are changed only where their replacement can be kept safe first."""
    raise ChangeRefused("LUKS volumes are only reported")


def _bindings(host: Host) -> Reading:
    from . import binding  # only where something is encrypted, and only for who asks

    layout = Layout(host)
    table = crypttab(host)
    bindings = [
        json.dumps(binding.of_volume(host, volume, _detached(layout, table, volume)), sort_keys=True)
        for volume in layout.volumes.values()
        if volume.kind == "luks"
    ]
    return reading(NAME, "bindings", value(sorted(bindings), "lsblk, cryptsetup", "list"))


def _volumes(host: Host) -> Reading:
    layout = Layout(host)
    if len(layout.volumes) > MOST_VOLUMES:
        raise HostError("too_large", f"the machine has {len(layout.volumes)} volumes, more than a check looks at")
    inspection = _Inspection(layout)
    # What is mounted beside each other is so in another order after each start.
    volumes = sorted((inspection.at(volume) for volume in layout.volumes.values()), key=lambda one: str(one["device"]))
    return reading(NAME, "volumes", value([_text(one) for one in volumes], "lsblk, /proc, cryptsetup, dmsetup", "list"))


def _text(volume: dict[str, Any]) -> str:
    text = json.dumps(volume, sort_keys=True)
    if len(text) <= MOST_TEXT:
        return text
    why = f"what its header says takes {len(text)} characters, more than a check sends"
    short = {**volume, "luks": None, "mounts": volume["mounts"][:5], "trouble": {"code": "too_large", "why": why}}
    return json.dumps(short, sort_keys=True)


class _Inspection:
    """What is looked at once for all volumes, and each volume in turn."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.host = layout.host
        self.table = crypttab(self.host)
        self.resume = _resume(layout)
        self._start: Start | None = None
        self.mappings: dict[str, dict[str, Any]] = {}
        self.mappings_failed: HostError | None = None
        if any(volume.mappings for volume in layout.volumes.values()):
            from . import header  # only where something is encrypted

            try:
                self.mappings = header.mappings(self.host)
            except HostError as problem:
                self.mappings_failed = problem

    @property
    def start(self) -> Start:
        """The next start's initramfs, read when the first volume needs it."""
        if self._start is None:
            from .initramfs_unlock import Start

            self._start = Start(self.host)
        return self._start

    def at(self, volume: Volume) -> dict[str, Any]:
        """One volume for the wire."""
        device = volume.device
        shown = {
            "name": volume.name[:200],
            "device": (device.path if device is not None else volume.name)[:200],
            "mounts": [point[:200] for point in sorted(volume.mounts)[:20]],
            "roles": sorted(volume.roles),
            "removable": volume.removable,
            "encryption": volume.kind,
            "other": volume.other[:100],
            "resume": self._resumes(volume),
        }
        try:
            if volume.kind == "luks":
                shown["luks"] = self._luks(volume)
            elif volume.kind == "plain":
                shown["plain"] = self._plain(volume)
        except HostError as problem:
            shown["trouble"] = {"code": problem.code, "why": problem.why[:400]}
        return shown

    def _luks(self, volume: Volume) -> dict[str, Any]:
        from . import header, unlock_test

        path = volume.block_device.path
        lines = _lines(self.layout, self.table, volume)
        detached = _detached(self.layout, self.table, volume)
        shown = header.header(self.host, path, detached)
        if not shown["uuid"]:
            shown["uuid"] = (volume.block_device.uuid or _uuid(volume.mappings))[:64]
        if volume.block_device.label in BY_SNAPD:
            shown["keeper"] = "snapd"
        shown["mapping"] = self._mapping(volume)
        if volume.removable:
            # A visitor's stick is none of our business.
            shown["empty"] = {"result": "not-tested", "why": "it lies on a removable drive"}
        else:
            shown["empty"] = unlock_test.try_empty(self.host, path, shown, detached)
            trials = [unlock_test.try_token(self.host, path, token, detached) for token in shown["tokens"]]
            shown["trials"] = [trial for trial in trials if trial is not None]
        del shown["costs"]
        early = set(volume.mounts) & set(BY_INITRAMFS) or self._resumes(volume)
        keys = [key for line in lines for key in luks_keys.of_mapping(self.layout, line)]
        keys += luks_keys.of_command_line(self.layout, shown["uuid"])
        if early:
            shown["start"] = self.start.opens(shown["uuid"].lower(), [mapping.name for mapping in volume.mappings])
            keys += self._in_image(volume)
        shown["key_files"] = [key.as_data() for key in keys]
        return shown

    def _in_image(self, volume: Volume) -> list[luks_keys.KeyFile]:
        """Keys that are packed into the initramfs. They are as safe as the file system that it lies on."""
        place = self.layout.place(self.start.path) if self.start.path else []
        if not set(place) & {"none", "removable", "unknown"}:
            return []
        return [luks_keys.KeyFile(f"{self.start.path}: {name}", "initramfs") for name in self.start.key_files()]

    def _plain(self, volume: Volume) -> dict[str, Any]:
        mapping = self._mapping(volume)
        line = next((line for line in self.table if line.name == volume.name), None)
        if line is None:
            key = "unknown"
        elif line.key in luks_keys.RANDOM:
            key = "random"
        else:
            key = "file" if line.key else "passphrase"
        keys = luks_keys.of_mapping(self.layout, line) if line is not None and line.key else []
        return {"mapping": mapping, "key": key, "key_files": [key_file.as_data() for key_file in keys]}

    def _mapping(self, volume: Volume) -> dict[str, Any] | None:
        if not volume.mappings:
            return None
        if self.mappings_failed is not None:
            raise self.mappings_failed
        shown = [self.mappings[mapping.name] for mapping in volume.mappings if mapping.name in self.mappings]
        if not shown:
            raise HostError("failed", f"dmsetup does not show the open mapping {volume.mappings[0].name}")
        # One of them not encrypting is what counts.
        return next((one for one in shown if one["target"] != "crypt"), shown[0])

    def _resumes(self, volume: Volume) -> bool:
        if self.resume is None or volume.device is None:
            return False
        layers = [(kind, layer) for kind, layer, _other, _open in self.layout.below(self.resume)]
        return (volume.kind, volume.device) in layers or (volume.kind == "none" and volume.device is self.resume)


def _lines(layout: Layout, table: list[Mapping], volume: Volume) -> list[Mapping]:
    """The lines of crypttab that are about a volume."""
    open_as = [mapping.name for mapping in volume.mappings]
    return [line for line in table if line.name in open_as or layout.resolved(line.source) is volume.device]


def _detached(layout: Layout, table: list[Mapping], volume: Volume) -> str:
    """Where the header of a volume lies if not on itself; empty where it does."""
    return next((line.option("header") for line in _lines(layout, table, volume) if line.option("header")), "")


def _resume(layout: Layout) -> Device | None:
    """The device that the machine resumes from, as the kernel or else the next start has it; None for none."""
    host = layout.host
    current = (text_or_nothing(host, "/sys/power/resume") or "").strip()
    device = next((device for device in layout.devices.values() if current and device.number == current), None)
    if device is not None:
        return device
    for path in (RESUME_FILE, CMDLINE):
        for line in (text_or_nothing(host, path) or "").split("\n"):
            match = None if line.lstrip().startswith("#") else RESUME.search(line)
            if match and layout.resolved(match.group(1)) is not None:
                return layout.resolved(match.group(1))
    return None


def _uuid(mappings: list[Device]) -> str:
    """The LUKS UUID in a mapping's own: CRYPT-LUKS2-32 hexadecimal digits-name."""
    for mapping in mappings:
        match = re.match(r"CRYPT-LUKS[12]-([0-9a-f]{32})-", mapping.mapping)
        if match:
            digits = match.group(1)
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return ""
