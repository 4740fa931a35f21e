"""A machine whose system is encrypted, with a spare disk in a file that is really encrypted and formatted.

cryptsetup, mkfs.ext4, blkid and wipefs are the real ones. There is no device mapper here: in its place stands a double,
which opens the volume as a file beside it and writes what changes there to the disk, encrypted as dm-crypt would.
mount, too, is a double: it notes the mount in /proc and in the superblock, as the kernel does.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    Completed,
    Host,
    HostError,
    run_process,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import format as luks_format
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import steps as luks_steps
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from leeboard.errors import LeeboardError
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import block, image, mount
from tests.unit.linux.folder import folder as made
from tests.unit.linux.luks_machine import ARGUMENTS

NAME = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
MOUNT = "/srv/data"
GENERATOR = "/usr/lib/systemd/system-generators/systemd-cryptsetup-generator"
ROOT_UUID = "8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001"
SIZE = 1024 * 1024 * 1024
HEADER = 16 * 1024 * 1024  # where the data begins
SECTOR = 4096
NOISE = 128 * 1024  # bytes of what an open volume that was never written to shows: zeros, decrypted
WISH = {"disk": NAME, "mount": MOUNT, "label": "", "uuid": "5b0d4b1e-6a3c-4d6e-9d15-6e0f1a2b3c4d", "stage": "new"}
KEY = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv"
# What changes nothing is no point to die at.
QUERIES = ("lsblk", "blkid", "wipefs", "udevadm")


class Mapper:
    """The double of dm-crypt for one disk: the open volume is the file `inside`."""

    def __init__(self, disk: Path, inside: Path) -> None:
        self.disk = disk
        self.inside = inside
        self.name = ""  # while it is open
        self._key = b""

    def open(self, key_file: str, name: str) -> Completed:
        """Open the volume, if the key file opens it."""
        done = _run("cryptsetup", "open", "--test-passphrase", "--key-file", key_file, str(self.disk))
        if done.rc != 0:
            return done
        saved = self.disk.with_suffix(".volume-key")
        _run("cryptsetup", "luksDump", "-q", "--dump-volume-key", "--volume-key-file", str(saved), "--key-file",
             key_file, str(self.disk))  # fmt: skip
        key = saved.read_bytes()
        saved.unlink()
        if key != self._key:  # it was encrypted anew since
            self._key = key
            with self.inside.open("wb") as file:
                file.truncate(SIZE - HEADER)
                file.write(self.shown(0, NOISE))
        self.name = name
        return done

    def shown(self, offset: int, length: int) -> bytes:
        """What lies on the disk there, decrypted."""
        content = _read(self.disk, HEADER + offset, length)
        sectors = range(0, length, SECTOR)
        return b"".join(self._cipher(offset + at).decryptor().update(content[at : at + SECTOR]) for at in sectors)

    def write_through(self) -> None:
        """Bring what was written to the open volume onto the disk."""
        with self.inside.open("rb") as file, self.disk.open("r+b") as disk:
            end = os.fstat(file.fileno()).st_size
            at = 0
            while at < end:
                try:
                    start = os.lseek(file.fileno(), at, os.SEEK_DATA)
                except OSError:
                    break  # nothing but holes
                at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                for place in range(start // SECTOR * SECTOR, at, SECTOR):
                    disk.seek(HEADER + place)
                    content = os.pread(file.fileno(), SECTOR, place).ljust(SECTOR, b"\0")
                    disk.write(self._cipher(place).encryptor().update(content))

    def _cipher(self, place: int) -> Cipher[Any]:
        # aes-xts-plain64 counts sectors of 512 bytes, whatever the volume's own are.
        return Cipher(algorithms.AES(self._key), modes.XTS((place // 512).to_bytes(16, "little")))


class Spare:
    """The machine. `commands` counts those that change something."""

    def __init__(self, folder: Path, path: Path | None = None, **more: Any) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.path = path or folder / "spare.img"
        if path is None:
            with self.path.open("wb") as file:
                file.truncate(SIZE)
        self.more = more  # what lsblk says of the disk beyond the usual
        self.disks: list[dict[str, Any]] = []  # other disks
        self.mapper = Mapper(self.path, folder / "inside.img")
        self.system = image(folder, "--uuid", ROOT_UUID, name="system.img")
        self.encrypted_system = True
        self.mounts: dict[str, str] = {}  # of volumes that are open
        self.asked: list[list[str]] = []
        self.commands = 0
        self.under: list[str] = []  # what the programs that really run are started by, such as strace
        self.dies_with: tuple[str, str] | None = None  # a command, before or after it
        self.halves: dict[str, Any] = {}  # a command, and what makes half of its work of it: the power goes then
        files = {"/etc/fstab": "/dev/mapper/root / ext4 defaults 0 1", "/etc/crypttab": "# <name> <device>\n"}
        made(self.root, {**files, GENERATOR: ""})
        (self.root / "dev/disk/by-id").mkdir(parents=True)
        self.link(NAME, "sdb")

    def link(self, name: str, kname: str) -> None:
        """Let udev give a disk a name."""
        (self.root / name.lstrip("/")).symlink_to(f"../../{kname}")

    def file(self, path: str) -> Path:
        """Where a file of the machine lies."""
        return self.root / path.lstrip("/")

    def host(self) -> Host:
        """The machine as a new process sees it."""
        return made(self.root, {"/proc/self/mountinfo": self._mountinfo()}, self)

    def _mountinfo(self) -> str:
        number = "253:0" if self.encrypted_system else "8:2"
        return mount(number, "/") + "".join(mount("253:1", point) for point in self.mounts)

    def ask(self, step: str, **said: Any) -> dict[str, Any]:
        """A step of luks_key. Raises LeeboardError with its words."""
        return _asked(luks_steps.STEPS[step], self.host(), {**dict.fromkeys(ARGUMENTS), **said})

    def work(self, step: str, **said: Any) -> dict[str, Any]:
        """A step of luks_format. Raises LeeboardError with its words."""
        return _asked(luks_format.STEPS[step], self.host(), json.loads(json.dumps({"run_id": "run", **said})))

    def opens(self, secret: str, disk: Path | None = None) -> bool:
        """Whether a secret opens the spare disk, or another, asked of cryptsetup alone."""
        argv = ["cryptsetup", "open", "--test-passphrase", "--key-file", "-", str(disk or self.path)]
        return subprocess.run(argv, input=secret.encode(), capture_output=True).returncode == 0

    def inside(self, *argv: str) -> str:
        """What somebody does at the machine with the open volume: a command, its last word left out."""
        done = _run(*argv, str(self.mapper.inside))
        assert done.rc == 0, done.err
        self.mapper.write_through()
        return done.out

    def digest(self) -> int:
        """Something that changes with any byte of the disk."""
        with self.path.open("rb") as file:
            found, at, end = [], 0, os.fstat(file.fileno()).st_size
            while at < end:
                try:
                    start = os.lseek(file.fileno(), at, os.SEEK_DATA)
                except OSError:
                    break
                at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                content = os.pread(file.fileno(), at - start, start)
                found.append((start, content) if content.strip(b"\0") else (0, b""))
        return hash(tuple(found))

    def restart(self) -> None:
        """Switch it off and on again: what its tables say is opened and mounted."""
        self.mapper.name, self.mounts = "", {}
        self._write_proc()
        for line in self.file("/etc/crypttab").read_text().splitlines():
            words = line.split()
            if line.startswith("luks-") and self.file(words[2]).exists():
                self.mapper.open(str(self.file(words[2])), words[0])
        for line in self.file("/etc/fstab").read_text().splitlines():
            if line.startswith("/dev/mapper/luks-"):
                self._mount(line.split()[1])

    # The commands

    def __call__(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
        self.asked.append(argv)
        if not changes(argv):
            return self._do(argv, input, timeout, environment)
        self.commands += 1
        name = argv[1] if argv[0] == "cryptsetup" else argv[0]
        if self.dies_with == (name, "before"):
            raise Died
        done = self._do(argv, input, timeout, environment)
        half = self.halves.pop(name, None)
        if half is not None:
            half(self)
        if half is not None or self.dies_with == (name, "after"):
            raise Died
        return done

    def _do(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
        if argv[0] == "lsblk":
            return Completed(0, json.dumps({"blockdevices": self._lsblk()}), "")
        if argv[:2] == ["cryptsetup", "open"] and "--test-passphrase" not in argv:
            return self.mapper.open(str(self.file(argv[argv.index("--key-file") + 1])), argv[-1])
        if argv[0] == "mount":
            return self._mount(argv[1])
        if argv[0] in ("udevadm", "systemctl", "dmsetup"):
            raise HostError("missing_tool", f"the command {argv[0]} is not installed")
        done = run_process([*self.under, *argv], input, timeout, environment)
        if argv[0] == "mkfs.ext4" and changes(argv):
            self.mapper.write_through()
        return done

    def _lsblk(self) -> list[dict[str, Any]]:
        found = _run("blkid", "-p", "-o", "export", str(self.path)).out
        said = dict(line.split("=", 1) for line in found.splitlines() if "=" in line)
        inside = []
        if self.mapper.name:
            digits = said.get("UUID", "").replace("-", "")
            self._write("/sys/class/block/dm-1/dm/uuid", f"CRYPT-LUKS2-{digits}-{self.mapper.name}\n")
            name = self.mapper.name
            inside = [block(name, "crypt", kname="dm-1", path=str(self.mapper.inside), maj_min="253:1")]
        spare = block(
            "sdb", "disk", inside, path=str(self.path), maj_min="8:16", fstype=said.get("TYPE"), uuid=said.get("UUID"),
            serial="S2", wwn="0x5000c500a1b2c3d4", ro=False, size=SIZE,
        )  # fmt: skip
        self._write("/sys/class/block/dm-0/dm/uuid", f"CRYPT-LUKS2-{ROOT_UUID.replace('-', '')}-root\n")
        root = block("root", "crypt", kname="dm-0", fstype="ext4", maj_min="253:0")
        sealed = {"fstype": "crypto_LUKS", "uuid": ROOT_UUID, "path": str(self.system)}
        system = sealed if self.encrypted_system else {"fstype": "ext4"}
        sda2 = block("sda2", "part", [root] if self.encrypted_system else [], maj_min="8:2", **system)
        sda = block("sda", "disk", [sda2], serial="S1", wwn="0x5000c500a1b2c3d3", ro=False, size=SIZE)
        return [sda, {**spare, **self.more}, *self.disks]

    def _mount(self, point: str) -> Completed:
        lines = [line.split() for line in self.file("/etc/fstab").read_text().splitlines()]
        listed = next((words for words in lines if len(words) > 2 and words[1] == point), None)
        if listed is None or listed[0] != f"/dev/mapper/{self.mapper.name}":
            return Completed(32, "", f"mount: {point}: no such device")
        count = ["debugfs", "-w", "-R", "set_super_value mnt_count 1", str(self.mapper.inside)]
        if _run("blkid", "-p", str(self.mapper.inside)).rc != 0 or _run(*count).rc != 0:
            return Completed(32, "", f"mount: {point}: wrong fs type")
        _run("debugfs", "-w", "-R", "set_super_value mtime now", str(self.mapper.inside))
        self.mapper.write_through()
        self.mounts[point] = listed[0]
        self._write_proc()
        return Completed(0, "", "")

    def _write_proc(self) -> None:
        self._write("/proc/self/mountinfo", self._mountinfo())

    def _write(self, path: str, text: str) -> None:
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_text(text)


def changes(argv: list[str]) -> bool:
    """Whether a command changes something."""
    asks = argv[0] in QUERIES or {"--version", "-V", "luksDump", "--test-passphrase"}.intersection(argv)
    return not asks


def _asked(step: Any, host: Host, said: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = step(host, said)
    except (ChangeRefused, HostError) as problem:
        raise LeeboardError(str(problem)) from None
    return answer


def _run(*argv: str) -> Completed:
    return run_process(list(argv), "", 60, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})


def _read(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        return os.pread(file.fileno(), length, offset)
