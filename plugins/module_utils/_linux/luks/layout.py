"""Which volumes a machine has: from each file system and swap down to the layer that encrypts it, or to none."""

from __future__ import annotations

from typing import Optional

from ..engine.host import Host, HostError
from ..engine.safe_read import text_or_nothing
from ..system.block_devices import Device, backing_file, devices, disks, removable, resolve
from ..system.mounts import MEMORY, Listed, Mount, fstab, holder, mounted, swaps

# Members of something else, judged through what lies on them.
MEMBERS = ("LVM2_member", "linux_raid_member", "isw_raid_member", "ddf_raid_member", "mpath_member", "crypto_LUKS")
# Partitions of firmware and boot loaders (GPT types, then MBR ones): the EFI system partition, extended boot, BIOS
# boot, PReP, Microsoft's reserved and its recovery environment, Lenovo's, Sony's and Compaq's own.
BOOT_TYPES = (
    "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "bc13c2ff-59e6-4262-a352-b275fd6f7172",
    "21686148-6449-6e6f-744e-656564454649", "9e1a2d38-c612-4316-aa26-8b49521e5a8b",
    "e3c9e316-0b5c-4db8-817d-f92df00215ae", "de94bba4-06d1-4d40-a16a-bfd50179d6ac",
    "bfbfafe7-a34f-448a-9a5b-6213eb736c22", "f4019732-066e-4e12-8273-346c5641494f", "0xef", "0x27", "0x41", "0x12",
)  # fmt: skip
BOOT = ("/boot", "/efi")
SYSTEM = ("/", "/usr", "/var", "/home", "/root", "/etc", "/opt", "/tmp")  # noqa: S108 - a mount point
OWN_ENCRYPTION = {"zfs": "ZFS", "bcachefs": "bcachefs", "zfs_member": "ZFS"}
CRYPT = "CRYPT-"
BEHIND = "/sys/class/block/{}/backing_dev"


# Kind, device, what else encrypts, open mapping.
Layer = tuple[str, Device, str, Optional[Device]]


class Volume:
    """One volume: `kind` (none, luks, plain, other, unknown), its device (None for what lies on none), what it is used
    for, and `mappings`: the open dm-crypt devices above it."""

    def __init__(self, kind: str, device: Device | None, name: str, other: str = "") -> None:
        self.kind = kind
        self.device = device
        self.name = name
        self.other = other
        self.mounts: list[str] = []
        self.roles: list[str] = []
        self.mappings: list[Device] = []
        self.at_boot = False

    @property
    def removable(self) -> bool:
        """True for a drive that somebody may carry away and that no start of the machine asks for."""
        return self.device is not None and removable(self.device) and not self.at_boot

    @property
    def block_device(self) -> Device:
        """Its device, which no encrypted volume is without. Raises HostError."""
        if self.device is None:
            raise HostError("malformed", f"{self.name} lies on no device")
        return self.device


class Layout:
    """All volumes of a machine, and answers on what a path or device lies on. Raises HostError when it is made."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.devices = devices(host)
        self.mounts = mounted(host)
        self.volumes: dict[tuple[str, str], Volume] = {}
        self._seen: set[str] = set()
        for mount in self.mounts:
            self._mount(mount)
        for path, is_file in swaps(host):
            self._swap(path, is_file)
        for line in fstab(host):
            self._listed(line)
        self._unused()

    # What lies on what

    def below(self, device: Device, depth: int = 0) -> list[Layer]:
        """(kind, device, what else encrypts, open mapping) for each path from a device down to its disks."""
        if device.fstype == "crypto_LUKS":
            return [("luks", device, "", None)]
        mapping = device.mapping
        if mapping.startswith((CRYPT + "LUKS", CRYPT + "TEMP")) and device.parents:
            return [("luks", parent, "", device) for parent in device.parents]
        if mapping.startswith(CRYPT + "PLAIN"):
            return [("plain", device, "", device)]
        if mapping.startswith((CRYPT + "BITLK", CRYPT + "TCRYPT", CRYPT + "LOOPAES", CRYPT + "FVAULT2")):
            return [("other", device, mapping.split("-")[1], device)]
        if device.fstype == "BitLocker":
            return [("other", device, "BitLocker", None)]
        if device.fstype in OWN_ENCRYPTION:
            return [("unknown", device, OWN_ENCRYPTION[device.fstype], None)]
        if device.kname.startswith(("zram", "ram")):
            # Pages that compress badly are written to a disk where one is named (writeback-device= of zram-generator).
            behind = resolve(
                self.host, self.devices, (text_or_nothing(self.host, BEHIND.format(device.kname)) or "").strip()
            )
            return self.below(behind, depth + 1) if behind is not None and depth < 10 else []
        path = backing_file(self.host, device)
        if path:
            mount = holder(self.mounts, path)
            under = self._on(mount) if mount is not None else []
            return [layer for one in under for layer in self.below(one, depth + 1)] if depth < 10 else []
        if not device.parents:
            return [("none", device, "", None)]
        return [layer for parent in device.parents for layer in self.below(parent, depth)]

    def resolved(self, spec: str) -> Device | None:
        """The device that a line of fstab or crypttab names, None when the machine has none such."""
        return resolve(self.host, self.devices, spec)

    def place(self, path: str) -> list[str]:
        """The kinds of what a path of the machine lies on: none, luks, plain, other, unknown, memory, removable."""
        mount = holder(self.mounts, path)
        if mount is None:
            return ["unknown"]
        if mount.fstype in MEMORY:
            return ["memory"]
        under = self._on(mount)
        if not under:
            return ["unknown"]
        kinds = [kind for one in under for kind, _device, _other, _open in self.below(one)]
        if any(kind == "none" for kind in kinds) and all(removable(one) for one in under):
            return ["removable"]
        return kinds

    def _on(self, mount: Mount) -> list[Device]:
        """The devices that a mounted file system lies on; btrfs may lie on several."""
        device = next((device for device in self.devices.values() if device.number == mount.number), None)
        if device is None and mount.source.startswith("/dev/"):
            device = resolve(self.host, self.devices, mount.source)
        if device is None:
            return []
        if mount.fstype == "btrfs" and device.uuid:
            names = self.host.entries(f"/sys/fs/btrfs/{device.uuid}/devices")
            members = [self.devices[name] for name in names if name in self.devices]
            return members or [device]
        return [device]

    # What is used

    def _mount(self, mount: Mount) -> None:
        under = self._on(mount)
        if under:
            for device in under:
                self._add_volume(device, self._role_of(mount), mount.point)
        elif mount.fstype in OWN_ENCRYPTION:
            self._unknown(mount.source, mount.point, OWN_ENCRYPTION[mount.fstype])
        elif mount.point == "/":
            # In memory, in the network, or over another file system.
            self._unknown(mount.source, mount.point, f"a file system of the kind {mount.fstype}")

    def _role_of(self, mount: Mount) -> str:
        """What a mounted file system is for. Shown in a second place (bind mounts) one of the system is no data."""
        own = _role(mount.point)
        if own != "data":
            return own
        every = (_role(one.point) for one in self.mounts if one.number == mount.number)
        return next((role for role in every if role != "data"), own)

    def _swap(self, path: str, is_file: bool) -> None:
        if is_file:
            mount = holder(self.mounts, path)
            under = self._on(mount) if mount is not None else []
        else:
            device = resolve(self.host, self.devices, path)
            under = [device] if device is not None else []
        for device in under:
            self._add_volume(device, "swap", "")

    def _listed(self, line: Listed) -> None:
        if line.fstype == "swap" and line.spec.startswith("/") and not line.spec.startswith("/dev/"):
            if self.host.exists(line.spec):
                self._swap(line.spec, True)
            return
        device = resolve(self.host, self.devices, line.spec)
        if device is None:
            return
        role, point = ("swap", "") if line.fstype == "swap" else (_role(line.point), line.point)
        for volume in self._add_volume(device, role, point):
            volume.at_boot = volume.at_boot or "noauto" not in line.options

    def _unused(self) -> None:
        """What lies on the disks and is neither mounted nor listed: whoever takes the disk can read it all the same."""
        for device in list(self.devices.values()):
            known = device.fstype and device.fstype not in MEMBERS and not device.children
            closed = device.fstype == "crypto_LUKS" and not device.children
            if not (known or closed) or device.kname in self._seen or device.kind in ("loop", "rom"):
                continue
            role = "swap" if device.fstype in ("swap", "swsuspend") else "data"
            self._add_volume(device, "boot" if device.parttype in BOOT_TYPES else role, "")

    def _add_volume(self, device: Device, role: str, point: str) -> list[Volume]:
        """File a use of a device under every volume below it."""
        self._seen.add(device.kname)
        used = []
        for kind, layer, other, mapping in self.below(device):
            if role != "swap" and _of_file(device) and not _of_file(layer):
                continue  # an image in a file: its bytes are data of the file system that holds it
            # What nothing encrypts is called by the file system's own device, not by the disk under its layers.
            shown = device if kind == "none" and device.kind != "loop" else layer
            volume = self.volumes.setdefault((kind, shown.kname), Volume(kind, shown, shown.name, other))
            if point and point not in volume.mounts:
                volume.mounts.append(point)
            if role not in volume.roles:
                volume.roles.append(role)
            if mapping is not None and mapping not in volume.mappings:
                volume.mappings.append(mapping)
            self._seen.add(layer.kname)
            used.append(volume)
        return used

    def _unknown(self, source: str, point: str, why: str) -> None:
        volume = self.volumes.setdefault(("unknown", source), Volume("unknown", None, source, why))
        volume.mounts.append(point)
        role = _role(point)
        if role not in volume.roles:
            volume.roles.append(role)


def _of_file(device: Device) -> bool:
    return all(disk.kind == "loop" for disk in disks(device))


def _role(point: str) -> str:
    if point in BOOT or point.startswith(tuple(f"{one}/" for one in BOOT)):
        return "boot"
    inside = tuple(f"{one}/" for one in SYSTEM if one != "/")
    return "system" if point in SYSTEM or point.startswith(inside) else "data"
