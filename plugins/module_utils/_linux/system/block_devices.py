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

    def __init__(self, said: dict[str, Any], mapping: str) -> None:
        self.name = _text(said, "name")
        self.kname = _text(said, "kname") or self.name
        self.path = _text(said, "path") or f"/dev/{self.kname}"
        self.kind = _text(said, "type")
        self.fstype = _text(said, "fstype")
        self.uuid = _text(said, "uuid")
        self.label = _text(said, "label")
        self.partuuid = _text(said, "partuuid")
        self.partlabel = _text(said, "partlabel")
        self.parttype = _text(said, "parttype").lower()
        self.number = _text(said, "maj:min").strip()
        self.pulled_out = _switch(said, "rm") or _text(said, "tran") in ("usb", "ieee1394")
        self.hotplug = _switch(said, "hotplug")
        self.mapping = mapping
        self.parents: list[Device] = []
        self.children: list[Device] = []


def _text(said: dict[str, Any], key: str) -> str:
    found = said.get(key)
    return found if isinstance(found, str) else ""


def _switch(said: dict[str, Any], key: str) -> bool:
    return said.get(key) in (True, "1")  # older versions of lsblk write numbers as text


def devices(host: Host) -> dict[str, Device]:
    """{kernel name: Device}, with parents and children set. Raises HostError."""
    done = host.query(["lsblk", "--json", "--output", COLUMNS])
    if done.rc != 0:
        raise HostError("failed", f"lsblk ended with status {done.rc}: {done.err.strip()[-200:]}")
    try:
        top = json.loads(done.out)["blockdevices"]
        found: dict[str, Device] = {}
        for said in top:
            _add(host, found, said, None, 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise HostError("malformed", "what lsblk says of the block devices is no list of devices") from None
    for device in found.values():
        # An eMMC chip is soldered in, though its bus could be hot-plugged; an SD card is not.
        if device.hotplug and not device.parents and not _soldered(host, device):
            device.pulled_out = True
    return found


def _add(host: Host, found: dict[str, Device], said: dict[str, Any], parent: Device | None, depth: int) -> None:
    if depth > DEEPEST or len(found) > MOST:
        raise HostError("malformed", "lsblk shows more block devices below each other than a machine can have")
    name = _text(said, "kname") or _text(said, "name")
    if not name or "/" in name.replace("cciss/", "") or ".." in name:
        raise ValueError(name)
    device = found.get(name)
    if device is None:
        device = found[name] = Device(said, _mapping(host, name))
    if parent is not None and parent not in device.parents:
        device.parents.append(parent)
        parent.children.append(device)
    for child in said.get("children") or []:
        _add(host, found, child, device, depth + 1)


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
    found: list[Device] = []
    waiting = [device]
    seen: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one.kname in seen:
            continue
        seen.add(one.kname)
        waiting += one.parents
        if not one.parents:
            found.append(one)
    return found


def removable(device: Device) -> bool:
    """True when all that a device lies on can be pulled out."""
    return all(one.pulled_out for one in disks(device))


def backing_file(host: Host, device: Device) -> str:
    """The file behind a loop device; empty for anything else, or where it is gone."""
    return _line(host, f"/sys/class/block/{device.kname}/loop/backing_file") if device.kind == "loop" else ""


def resolve(host: Host, found: dict[str, Device], spec: str) -> Device | None:
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
            (one for one in found.values() if leads in (one.path, f"/dev/{one.kname}") or spec == one.path), None
        )
    else:
        return None
    if kind in ("uuid", "label", "partuuid", "partlabel"):
        fold = str.lower if kind.endswith("uuid") else str
        return next((one for one in found.values() if wanted and fold(getattr(one, kind)) == fold(wanted)), None)
    link = host.link(spec)
    return next((one for one in found.values() if link == f"/dev/{one.kname}"), None)
