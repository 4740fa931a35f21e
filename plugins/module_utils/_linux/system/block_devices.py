"""The block devices of a machine as lsblk and sysfs tell of them: what lies on what, and what can be pulled out."""

from __future__ import annotations

import json
from typing import Any

from ..engine.host import Host, HostError

COLUMNS = "NAME,KNAME,PATH,TYPE,FSTYPE,UUID,LABEL,PARTUUID,PARTLABEL,PARTTYPE,MAJ:MIN,RM,HOTPLUG,TRAN"
DEEPEST = 30  # layers below each other; more is no machine but a loop
MOST = 2000


class Device:
    """One block device. `kind` is lsblk's TYPE (disk, part, lvm, crypt, raid1, loop, rom); `mapping` is the UUID that
    the device mapper keeps of it ("CRYPT-LUKS2-..."), empty for anything else."""

    def __init__(self, entry: dict[str, Any], mapping: str) -> None:
        self.name = _text(entry, "name")
        self.kname = _text(entry, "kname") or self.name
        self.path = _text(entry, "path") or f"/dev/{self.kname}"
        self.kind = _text(entry, "type")
        self.fstype = _text(entry, "fstype")
        self.uuid = _text(entry, "uuid")
        self.label = _text(entry, "label")
        self.partuuid = _text(entry, "partuuid")
        self.partlabel = _text(entry, "partlabel")
        self.parttype = _text(entry, "parttype").lower()
        self.number = _text(entry, "maj:min").strip()
        self.pulled_out = _switch(entry, "rm") or _text(entry, "tran") in ("usb", "ieee1394")
        self.hotplug = _switch(entry, "hotplug")
        self.mapping = mapping
        self.parents: list[Device] = []
        self.children: list[Device] = []


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _switch(entry: dict[str, Any], key: str) -> bool:
    return entry.get(key) in (True, "1")  # older versions of lsblk write numbers as text


def devices(host: Host) -> dict[str, Device]:
    """{kernel name: Device}, with parents and children set. Raises HostError."""
    done = host.query(["lsblk", "--json", "--output", COLUMNS])
    if done.rc != 0:
        raise HostError("failed", f"lsblk ended with status {done.rc}: {done.err.strip()[-200:]}")
    try:
        top = json.loads(done.out)["blockdevices"]
        by_name: dict[str, Device] = {}
        for entry in top:
            _add(host, by_name, entry, None, 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise HostError("malformed", "what lsblk says of the block devices is no list of devices") from None
    for device in by_name.values():
        # An eMMC chip is soldered in, though its bus could be hot-plugged; an SD card is not.
        if device.hotplug and not device.parents and not _soldered(host, device):
            device.pulled_out = True
    return by_name


def _add(host: Host, by_name: dict[str, Device], entry: dict[str, Any], parent: Device | None, depth: int) -> None:
    if depth > DEEPEST or len(by_name) > MOST:
        raise HostError("malformed", "lsblk shows more block devices below each other than a machine can have")
    name = _text(entry, "kname") or _text(entry, "name")
    if not name or "/" in name.replace("cciss/", "") or ".." in name:
        raise ValueError(name)
    device = by_name.get(name)
    if device is None:
        device = by_name[name] = Device(entry, _mapping(host, name))
    if parent is not None and parent not in device.parents:
        device.parents.append(parent)
        parent.children.append(device)
    for child in entry.get("children") or []:
        _add(host, by_name, child, device, depth + 1)


def _mapping(host: Host, kname: str) -> str:
    return _line(host, f"/sys/class/block/{kname}/dm/uuid") if kname.startswith("dm-") else ""


def _soldered(host: Host, device: Device) -> bool:
    return device.kname.startswith("mmcblk") and _line(host, f"/sys/class/block/{device.kname}/device/type") == "MMC"


def _line(host: Host, path: str) -> str:
    try:
        return host.text(path).strip()
    except FileNotFoundError:
        return ""


def disks(device: Device) -> list[Device]:
    """The devices at the very bottom of one."""
    bottom: list[Device] = []
    waiting = [device]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        if current.kname in seen:
            continue
        seen.add(current.kname)
        waiting += current.parents
        if not current.parents:
            bottom.append(current)
    return bottom


def removable(device: Device) -> bool:
    """True when all that a device lies on can be pulled out."""
    return all(disk.pulled_out for disk in disks(device))


def backing_file(host: Host, device: Device) -> str:
    """The file behind a loop device; empty for anything else, or where it is gone."""
    return _line(host, f"/sys/class/block/{device.kname}/loop/backing_file") if device.kind == "loop" else ""


def resolve(host: Host, by_name: dict[str, Device], spec: str) -> Device | None:
    """The device that a line of fstab or crypttab names, None when the machine has none such."""
    tag, _dummy, wanted = spec.partition("=")
    wanted = wanted.strip("\"'")
    if tag in ("UUID", "LABEL", "PARTUUID", "PARTLABEL"):
        kind = tag.lower()
    elif spec.startswith("/dev/disk/by-"):
        kind, _dummy, wanted = spec[len("/dev/disk/by-") :].partition("/")
    elif spec.startswith("/dev/"):
        leads = host.link(spec) or spec
        return next(
            (one for one in by_name.values() if leads in (one.path, f"/dev/{one.kname}") or spec == one.path), None
        )
    else:
        return None
    if kind in ("uuid", "label", "partuuid", "partlabel"):
        fold = str.lower if kind.endswith("uuid") else str
        return next((one for one in by_name.values() if wanted and fold(getattr(one, kind)) == fold(wanted)), None)
    link = host.link(spec)
    return next((device for device in by_name.values() if link == f"/dev/{device.kname}"), None)
