"""Who needs the drivers of USB drives: what starts the machine from one, and card readers, which they drive too.

A file that stops usb-storage gets into the initramfs when that is next made, and a machine whose root, /boot, swap or
key lies on such a drive does not start any more. The driver of a device is found by sysfs (the link `driver` of its USB
interface); the drivers named ums-* are for single makers' readers and load usb-storage (`modprobe --show-depends`).
"""

from __future__ import annotations

import os
import re

from ..engine.host import Host
from ..system.block_devices import Device, devices, disks, resolve
from ..system.mounts import Mount, crypttab, fstab, holder, mounted, swaps

DRIVERS = "/sys/bus/usb/drivers"
NAMES = ("usb-storage", "uas")
MAKERS = "ums-"
BLOCK = "/sys/class/block"
# Where people's own drives are mounted, when they plug them in: nothing needs those.
PEOPLES = ("/media/", "/run/media/", "/mnt")
SPECS = ("/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")
DISCS = ("/dev/sr", "/dev/cdrom", "/dev/dvd", "/dev/fd")
CMDLINE = "/proc/cmdline"
# root=, resume= and luks.key=/file:UUID=... name devices in the same words as the tables (kernel-command-line(7)).
NAMED_AT_START = re.compile(r"(?:PART)?(?:UUID|LABEL)=[^\s:,]+|(?<=[=:])/dev/[^\s:,]+")
NO_KEYS = ("/dev/urandom", "/dev/random", "/dev/null")
# "USB2.0-CRW" is Realtek's reader; of the makers' own drivers all but these are for readers.
READER = re.compile(r"card|reader|\bcrw\b|-crw|sd/mmc", re.IGNORECASE)
OTHER_MAKERS = ("ums-cypress", "ums-freecom", "ums-isd200", "ums-karma", "ums-onetouch")
SHOWN = 60  # characters of a name that a device gives itself
MOST = 5


def needs(host: Host) -> list[str]:
    """What needs a USB drive, in words, or may: a drive that is not there now could be one. Raises HostError."""
    machine = _Machine(host)
    reasons = [f"{mount.point} lies on {mount.source}" for mount in machine.mounts if machine.needed(mount)]
    reasons += [f"swap lies on {path}" for path, is_file in swaps(host) if machine.on_usb(machine.of(path, is_file))]
    for line in fstab(host):
        if line.spec.startswith(SPECS) and not line.spec.startswith(DISCS) and "noauto" not in line.options:
            use = "swap" if line.fstype == "swap" else line.point
            reasons += machine.if_on_usb(line.spec, f"{use} in /etc/fstab is {line.spec}")
    for one in crypttab(host):
        if "noauto" not in one.options:
            reasons += machine.if_on_usb(one.source, f"{one.name} in /etc/crypttab is {one.source}")
        # A key is asked for whenever the volume is opened.
        for what, named in (("key", one.key), ("header", one.option("header"))):
            reasons += machine.if_file_on_usb(named, f"the {what} of {one.name} in /etc/crypttab is {named}")
    for spec in NAMED_AT_START.findall(_word(host, CMDLINE, None)):
        # What is not there now is none of the usual ones: those are in the tables above.
        if machine.on_usb(resolve(host, machine.devices, spec)):
            reasons.append(f"{spec} on the kernel's command line is one")
    return list(dict.fromkeys(reasons))


def card_readers(host: Host) -> list[str]:
    """The card readers that stop working without these drivers, by what they call themselves. Raises HostError."""
    names = []
    for driver in _bound(host):
        for interface in host.entries(f"{DRIVERS}/{driver}"):
            if ":" not in interface:
                continue  # bind, unbind, module and the like
            device = os.path.dirname(host.real(f"{DRIVERS}/{driver}/{interface}"))
            name = " ".join(_word(host, f"{device}/{part}") for part in ("manufacturer", "product")).strip()
            own = driver.startswith(MAKERS) and driver not in OTHER_MAKERS
            if own or READER.search(name):
                names.append(name or driver)
    return sorted(set(names))[:MOST]


def _bound(host: Host) -> list[str]:
    return [name for name in host.entries(DRIVERS) if _is_ours(name)]


def _is_ours(driver: str) -> bool:
    return driver in NAMES or driver.startswith(MAKERS)


def _word(host: Host, path: str, longest: int | None = SHOWN) -> str:
    """A file's text, printable and cut to `longest` characters; nothing where there is none. Raises HostError."""
    try:
        text = host.text(path).strip()
    except FileNotFoundError:
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:longest])


class _Machine:
    """The block devices and mounts of a machine, and which of them these drivers drive. Raises HostError."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.mounts = mounted(host)
        self.devices = devices(host)
        self._driven: dict[str, bool] = {}

    def on_usb(self, device: Device | None) -> bool:
        """Whether any disk under a device is driven by usb-storage or uas."""
        return device is not None and any(self._is_driven(disk) for disk in disks(device))

    def _is_driven(self, disk: Device) -> bool:
        if disk.kname not in self._driven:
            place, driven = self.host.real(f"{BLOCK}/{disk.kname}"), False
            while place.startswith("/sys/devices/") and not driven:
                driven = _is_ours(os.path.basename(self.host.link(f"{place}/driver") or ""))
                place = os.path.dirname(place)
            self._driven[disk.kname] = driven
        return self._driven[disk.kname]

    def mount_device(self, mount: Mount) -> Device | None:
        """The block device of a mount; file systems with numbers of their own (btrfs) name it. None for none."""
        by_number = next((device for device in self.devices.values() if device.number == mount.number), None)
        return by_number or (resolve(self.host, self.devices, mount.source) if mount.source.startswith("/") else None)

    def needed(self, mount: Mount) -> bool:
        """Whether something is mounted from a USB drive that is no drive of somebody's."""
        peoples = any(mount.point == place.rstrip("/") or mount.point.startswith(f"{place.rstrip('/')}/")
                      for place in PEOPLES)  # fmt: skip
        return not peoples and self.on_usb(self.mount_device(mount))

    def of(self, path: str, is_file: bool = True) -> Device | None:
        """The block device that a file lies on, or that a path names."""
        if not is_file:
            return resolve(self.host, self.devices, path)
        mount = holder(self.mounts, self.host.real(path))
        return self.mount_device(mount) if mount else None

    def if_on_usb(self, spec: str, message: str) -> list[str]:
        """[message] where what a table names is a USB drive, or is not there and may be one; else []."""
        if not spec.startswith(SPECS):
            return []
        device = resolve(self.host, self.devices, spec)
        if device is None:
            # What the device mapper makes is no drive: its own parts are looked at by their own lines.
            mapped = spec.startswith(("/dev/mapper/", "/dev/md", "/dev/dm-", "/dev/zvol/", "/dev/loop"))
            return [] if mapped else [f"{message}, which is not there now and may be a USB drive"]
        return [message] if self.on_usb(device) else []

    def if_file_on_usb(self, named: str, message: str) -> list[str]:
        """[message] where a key or header lies on a USB drive, or may; else []. `named` is a file, a file with the file
        system that it lies on, or a device."""
        if not named.startswith(("/", *SPECS)) or named in NO_KEYS:
            return []  # none, or something that a script takes in its own way (another volume's name)
        # systemd: /file:UUID=...; Debian's passdev: /dev/...:/file[:seconds]. A device's own name may have colons.
        parts = named.split(":")
        parts = [":".join(parts[:end]) for end in range(len(parts), 0, -1)] + parts[1:]
        specs = [part for part in parts if part.startswith(SPECS)]
        if specs:
            present = (spec for spec in specs if resolve(self.host, self.devices, spec))
            return self.if_on_usb(next(present, specs[0]), message)
        if not self.host.exists(named):
            return [f"{message}, which is not there now and may be on a USB drive"]
        return [message] if self.on_usb(self.of(named)) else []
