"""A volume that was just encrypted: its lines in crypttab and fstab, its file system, and its mount.

Each part is looked at first and left where it is right already, so that a run that was cut off is simply gone on with.
Lines of others are never changed. Both tables get `nofail`: a disk that is not there keeps no machine from starting.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from typing import Protocol

from ..engine.change import write
from ..engine.edits import ChangeRefused, FileEdit
from ..engine.host import Host, HostError
from ..engine.journal import Journal
from ..engine.safe_read import first_of
from ..system.block_devices import Device, devices
from ..system.device_bytes import span
from ..system.mounts import CRYPTTAB, FSTAB, crypttab, fstab, mounted
from .empty_disk import HEADER, wait_for_udev, zeros
from .unlock_test import NO_TOKEN

DRIVER = "disk_encryption"  # in the undo journal: what belongs to encryption is never undone
FILE_SYSTEM = "ext4"
# What opens disks at the start: systemd's own generator, or without systemd Debian's script. On Debian 13 the generator
# is a package of its own.
SYSTEMD, SYSV = "/run/systemd/system", "/etc/init.d/cryptdisks"
GENERATORS = tuple(f"{top}/systemd/system-generators/systemd-cryptsetup-generator" for top in ("/usr/lib", "/lib"))
PATIENCE = 600  # seconds of one command: mkfs writes to a slow disk
NOTHING = 2  # exit status of blkid where it finds no signature, says blkid(8)
# Of an ext4 superblock (Linux, fs/ext4/ext4.h): where it lies, and in it the time of the last mount, the count of
# mounts, the magic number and the UUID.
SUPERBLOCK, SUPERBLOCK_SIZE = 1024, 1024
MOUNTED_AT, MOUNTS, MAGIC, ITS_UUID = slice(0x2C, 0x30), slice(0x34, 0x36), slice(0x38, 0x3A), slice(0x68, 0x78)
EXT = b"\x53\xef"


def check_free(host: Host, mount: str, name: str) -> None:
    """Raises ChangeRefused where a mount point or the name of a mapping is used for anything."""
    _empty_folder(host, mount)
    if any(one.point == mount for one in mounted(host)):
        raise ChangeRefused(f"something is mounted at {mount}")
    if any(line.point == mount for line in fstab(host)):
        raise ChangeRefused(f"{FSTAB} has a line for {mount}")
    if any(line.name == name for line in crypttab(host)):
        raise ChangeRefused(f"{CRYPTTAB} has a line for {name}")
    starts = host.exists(SYSTEMD) or not host.exists(SYSV)
    if starts and not first_of(host, GENERATORS):
        raise ChangeRefused(
            "nothing on this machine opens what crypttab names when it starts: install the package systemd-cryptsetup"
        )
    for table in (CRYPTTAB, FSTAB):
        _table(host, table)


def _empty_folder(host: Host, mount: str) -> None:
    """Raises ChangeRefused where a mount would hide something, or come to lie elsewhere."""
    if host.real(mount) != mount:
        raise ChangeRefused(f"{mount} leads to {host.real(mount)}: name that")
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISDIR(host.stat(mount).st_mode) or host.entries(mount):
            raise ChangeRefused(f"{mount} is no empty folder: what is in it would be hidden")


def _table(host: Host, path: str) -> bytes | None:
    """The bytes of a table; None where there is none. Raises ChangeRefused for one that is made by somebody else."""
    if host.link(path) is not None:
        raise ChangeRefused(f"{path} is a link to {host.link(path)}: whoever made it has to add the disk there")
    try:
        return host.read(path)
    except FileNotFoundError:
        return None


class Wish(Protocol):
    """What is wanted of the volume (luks/format.py)."""

    name: str
    uuid: str
    label: str
    mount: str
    key: str


class Opened:
    """The volume `wish` on `device`, from its line in crypttab to its mount. All of it raises ChangeRefused, HostError.

    `journal` is that of the run.
    """

    def __init__(self, host: Host, wish: Wish, device: Device, run_id: str) -> None:
        self.host = host
        self.wish = wish
        self.device = device
        self.journal = Journal(host, run_id)

    @property
    def mapped(self) -> str:
        """The volume's device when it is open, as tables name it."""
        return f"/dev/mapper/{self.wish.name}"

    @property
    def file_system(self) -> str:
        """The UUID of the file system in it, known before it is made."""
        return str(uuid.uuid5(uuid.UUID(self.wish.uuid), "file system"))

    # Tables

    def listed_in_crypttab(self) -> None:
        """Let the machine open it at each start."""
        wish = self.wish
        lines = [line for line in crypttab(self.host) if line.name == wish.name]
        if not lines:
            self._add(CRYPTTAB, f"{wish.name} UUID={wish.uuid} {wish.key} luks,nofail")
        elif (lines[0].source, lines[0].key) != (f"UUID={wish.uuid}", wish.key):
            raise ChangeRefused(f"{CRYPTTAB} has another line for {wish.name}: look who wrote it")

    def listed_in_fstab(self) -> None:
        """Let the machine mount it at each start."""
        lines = [line for line in fstab(self.host) if self.mapped == line.spec or self.wish.mount == line.point]
        if not lines:
            _empty_folder(self.host, self.wish.mount)
            self._add(FSTAB, f"{self.mapped} {self.wish.mount} {FILE_SYSTEM} defaults,nofail 0 2")
        elif [(line.spec, line.point) for line in lines] != [(self.mapped, self.wish.mount)]:
            raise ChangeRefused(f"{FSTAB} has another line for {self.mapped} or {self.wish.mount}: look who wrote it")

    def _add(self, path: str, line: str) -> None:
        before = _table(self.host, path)
        text = before or b""
        text += b"" if not text or text.endswith(b"\n") else b"\n"
        edit = FileEdit(path, before, text + line.encode() + b"\n")
        self.journal.record(DRIVER, [{"address": path, "value": line}], {}, [edit])
        write(self.host, edit)
        # It only tells systemd sooner what it reads at the next start anyway, and not every machine has it.
        with contextlib.suppress(HostError):
            self.host.act(["systemctl", "daemon-reload"])
        self.host.forget()

    # The volume

    def _mapping(self) -> Device | None:
        """The open volume; None while it is closed."""
        here = devices(self.host).get(self.device.kname)
        digits = self.wish.uuid.replace("-", "")
        return next((one for one in (here.children if here else []) if digits in one.mapping), None)

    def open(self) -> None:
        """Open it with its key file, as the next start will."""
        if self._mapping() is None:
            self._run(
                "cryptsetup", "open", "--type", "luks2", *NO_TOKEN, "--key-file", self.wish.key, self.device.path,
                self.wish.name,
            )  # fmt: skip
            wait_for_udev(self.host)
        self._shown()

    def _shown(self) -> Device:
        """The open volume. Raises ChangeRefused where the machine does not show it."""
        device = self._mapping()
        if device is None:
            raise ChangeRefused(f"it was opened as {self.wish.name}, and the machine does not show it")
        return device

    def is_to_be_made(self, making: bool) -> bool:
        """Whether the file system is still to be made. `making`: a run of ours had begun to, when it was cut off.

        Nobody has ever been able to put a file on a file system of ours that was never mounted.
        """
        path = self._shown().path
        signatures = _signature(self.host, path)
        if not signatures:
            if not making:
                # Before the first time the disk behind the header has to be as empty as when it was encrypted.
                zeros(self.host, self.device, HEADER)
            return True
        if signatures != [FILE_SYSTEM] or self._superblock(path)[ITS_UUID] != uuid.UUID(self.file_system).bytes:
            raise ChangeRefused(f"it holds {', '.join(signatures)[:100]}, which nobody here made: look who did")
        block = self._superblock(path)
        return making and not any(block[MOUNTED_AT]) and not any(block[MOUNTS])

    def _superblock(self, path: str) -> bytes:
        block = span(self.host, path, SUPERBLOCK, SUPERBLOCK_SIZE)
        return block if block[MAGIC] == EXT else bytes(SUPERBLOCK_SIZE)

    def make_file_system(self) -> None:
        """Make it, and see that it is there."""
        path = self._shown().path
        named = ["-L", self.wish.label] if self.wish.label else []
        self._run("mkfs.ext4", "-q", "-U", self.file_system, *named, path)
        wait_for_udev(self.host)
        if _signature(self.host, path) != [FILE_SYSTEM]:
            raise ChangeRefused(f"{path} has no file system after it was made; look at the machine's log")

    def mount(self) -> None:
        """Mount it by its line in fstab, as the next start will, and see that it is there."""
        wish, host = self.wish, self.host
        here = [mount for mount in mounted(host) if mount.point == wish.mount]
        if not here:
            _empty_folder(host, wish.mount)
            os.makedirs(host.path(wish.mount), mode=0o755, exist_ok=True)
            self._run("mount", wish.mount)
            host.forget()
            here = [mount for mount in mounted(host) if mount.point == wish.mount]
        if not here or here[-1].number != self._shown().number:
            raise ChangeRefused(f"something else is mounted at {wish.mount}")

    def _run(self, *argv: str) -> None:
        done = self.host.act(list(argv), timeout=PATIENCE)
        if done.rc != 0:
            last = done.err.strip().split("\n")[-1][:200]
            raise ChangeRefused(f"{argv[0]} ended with status {done.rc}: {last}")


def _signature(host: Host, path: str) -> list[str]:
    """What libblkid finds on a device, [] for nothing. Raises HostError."""
    done = host.act(["blkid", "--probe", "--output", "export", path])
    if done.rc == NOTHING:
        return []
    signatures = [line.partition("=")[2] for line in done.out.split("\n") if line.startswith(("TYPE=", "PTTYPE="))]
    if done.rc != 0 or not signatures:
        raise HostError("failed", f"blkid ended with status {done.rc} on {path}: {done.err.strip()[-200:]}")
    return signatures
