"""What a machine of the lab is made of, and the QEMU command line that makes it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .image import Image

QEMU = "qemu-system-x86_64"
_NAMESPACE = uuid.UUID("1eeb0a2d-5c00-4a1b-9d5e-000000000000")
_MAC = "52:54:00:1e:eb:01"  # the guest's network file matches it
# A guest that is starved takes its clock for a bad one and counts time by another, which runs over: it is told not to.
_APPEND = (
    "root={root} rw rootfstype=ext4 console=ttyS0 net.ifnames=0 loglevel=4 "
    "mitigations=off no_timer_check random.trust_cpu=on tsc=reliable"
)


@dataclass(frozen=True)
class Cable:
    """One end of a network cable between two machines: two Unix sockets, here and there."""

    here: Path
    there: Path
    mac: str

    @staticmethod
    def pair(folder: Path, number: int = 0) -> tuple[Cable, Cable]:
        """Both ends of a new cable whose sockets lie in `folder` (a short path), with MAC addresses by its `number`."""
        name, mac = f"cable{number or ''}", "52:54:00:1e:ec:{:02x}"
        a, b = folder / f"{name}-a", folder / f"{name}-b"
        return Cable(a, b, mac.format(10 + 2 * number)), Cable(b, a, mac.format(11 + 2 * number))


@dataclass(frozen=True)
class MachineSpec:
    """What machine is wanted. Sizes are in MiB; 0 or "" means the recipe's or the lab's default.

    `kernel` and `initrd` boot other files than the image's own (say, an initramfs that a test
    built and copied out); `append` adds to the kernel's command line. `usb` plugs the last of
    `disks_mb` in by USB. `cables` are eth1 and so on. `iommu` keeps devices apart. With two `cpus`
    an emulated guest loses a timer now and then where the host is busy, and hangs.
    """

    image: str
    memory_mb: int = 0
    cpus: int = 1
    serial: str = ""
    uuid: str = ""
    disks_mb: tuple[int, ...] = ()
    usb: bool = False
    tpm: bool = False
    iommu: bool = False
    cables: tuple[Cable, ...] = ()
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""

    @property
    def smbios_serial(self) -> str:
        """The serial number in the guest's SMBIOS."""
        return self.serial or f"LAB-{self.image.upper()}"

    @property
    def smbios_uuid(self) -> str:
        """The UUID in the guest's SMBIOS; without one given it follows from the serial."""
        return self.uuid or str(uuid.uuid5(_NAMESPACE, self.smbios_serial))


def kvm_works() -> bool:
    """Whether KVM can be used. A /dev/kvm without vmx or svm in the CPU hangs its guests."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    has_extension = " vmx" in flags or " svm" in flags
    return has_extension and os.access("/dev/kvm", os.R_OK | os.W_OK)


@cache
def qemu_version() -> str:
    """The first line of `qemu-system-x86_64 --version`."""
    done = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def hardware(spec: MachineSpec, image: Image) -> list[str]:
    """The part of the command line that a saved state depends on: no paths, no ports."""
    accel = ["kvm", "-cpu", "host"] if kvm_works() else ["tcg,thread=multi", "-cpu", "Westmere"]
    arguments = [
        "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", "q35", "-accel", *accel,
        "-smp", str(spec.cpus),
        "-m", str(spec.memory_mb or image.recipe.memory_mb),
        "-smbios", f"type=1,manufacturer=Leeboard,product=Lab,serial={spec.smbios_serial},"
                   f"uuid={spec.smbios_uuid}",
        "-rtc", "base=utc,clock=host",
        *(["-device", "intel-iommu,intremap=off"] if spec.iommu else []),
        "-device", "virtio-rng-pci",
        "-device", "virtio-balloon-pci,free-page-reporting=on",
        "-device", f"virtio-net-pci,netdev=user,mac={_MAC},romfile=",
        "-device", "virtio-blk-pci,drive=disk0",
    ]  # fmt: skip
    for number in range(1, len(spec.disks_mb) + 1):
        by_usb = spec.usb and number == len(spec.disks_mb)
        arguments += ["-device", "qemu-xhci"] if by_usb else []
        bus = "usb-storage,removable=on" if by_usb else "virtio-blk-pci"
        arguments += ["-device", f"{bus},drive=disk{number},serial=lab-disk{number}"]
    for number, cable in enumerate(spec.cables):
        arguments += ["-device", f"virtio-net-pci,netdev={_netdev(number)},mac={cable.mac},romfile="]
    if spec.tpm:
        arguments += ["-device", "tpm-crb,tpmdev=tpm"]
    return arguments


def saved_state_key(spec: MachineSpec, image: Image) -> str:
    """Names a saved running state: same image, QEMU, hardware and boot files."""
    parts = [image.digest, qemu_version(), _APPEND, spec.append, repr(spec.disks_mb)]
    for path in (spec.kernel, spec.initrd):
        parts.append(f"{path} {path.stat().st_mtime_ns}" if path else "")
    return hashlib.sha256(repr([*parts, *hardware(spec, image)]).encode()).hexdigest()[:16]


def command_line(
    spec: MachineSpec, image: Image, folder: Path, sockets: Path, port: int, load: str | None
) -> list[str]:
    """The whole QEMU command for a machine whose files lie in `folder`.

    `port` 0 lets the kernel choose a free one; `load` resumes a saved state instead of booting.
    """
    root = "/dev/mapper/root systemd.default_device_timeout_sec=900" if image.recipe.encrypted else "/dev/vda"
    append = _APPEND.format(root=root)
    arguments = [
        *hardware(spec, image),
        "-kernel", str(spec.kernel or image.kernel),
        "-initrd", str(spec.initrd or image.initrd),
        "-append", f"{append} {spec.append}".strip(),
        "-netdev", f"user,id=user,hostfwd=tcp:127.0.0.1:{port}-:22",
        "-chardev", f"socket,id=console,path={_escape(sockets / 'console')},server=on,wait=off,"
                    f"logfile={_escape(folder / 'console.log')},logappend=on",
        "-serial", "chardev:console",
        "-qmp", f"unix:{_escape(sockets / 'qmp')},server=on,wait=off",
    ]  # fmt: skip
    for number in range(len(spec.disks_mb) + 1):
        path = _escape(folder / f"disk{number}.qcow2")
        # No fsync here; a flush of the guest still leaves QEMU, so killing it is a true power cut.
        arguments += ["-drive", f"if=none,id=disk{number},format=qcow2,cache=unsafe,file={path}"]
    for number, cable in enumerate(spec.cables):
        here, there = _escape(cable.here), _escape(cable.there)
        arguments += [
            "-netdev",
            f"dgram,id={_netdev(number)},local.type=unix,local.path={here},remote.type=unix,remote.path={there}",
        ]
    if spec.tpm:
        arguments += ["-chardev", f"socket,id=tpm,path={_escape(sockets / 'tpm')}"]
        arguments += ["-tpmdev", "emulator,id=tpm,chardev=tpm"]
    if load:
        arguments += ["-loadvm", load]
    return [QEMU, *arguments]


def _netdev(number: int) -> str:
    return f"cable{number or ''}"  # the first one's name is that of states that were saved before there were two


def _escape(path: Path) -> str:
    return str(path).replace(",", ",,")
