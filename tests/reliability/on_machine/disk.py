"""A spare disk of a machine of the lab in the place of the disk in a file: the kernel's own dm-crypt, a real power cut.

The disk has a partition with LUKS2, which is open, and a file system in it with a tree of files. A program that waits
in the machine (tests/controls/resident_observer.py) makes each step; it stops beside each command that changes the
disk, so that it can be killed there, as Ansible's module is when the connection goes, or the machine be switched off.
How many writes a command makes is counted by QEMU.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from tests.controls.harness import ASK, OBSERVER, PATIENCE, START, THERE, packed
from tests.device_code import LINUX, linux_files
from tests.reliability.points import Point
from tests.reliability.watched import CONNECTION, CONTROLLER, KINDS, POWER, Watch, WatchedDisk, named
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import CHEAP, PASSPHRASE, UUID
from tests.unit.linux.luks_machine import ARGUMENTS
from tests.vm.errors import LabError
from tests.vm.lab import start_machine
from tests.vm.machine import Machine
from tests.vm.qemu import MachineSpec
from tests.vm.qmp import qmp

SIZE = 64  # MiB
WHOLE, DISK, MOUNT = "/dev/vdb", "/dev/vdb1", "/srv/data"
QEMU_DISK = "disk1"
KEPT = "/var/lib/leeboard-proof"  # what the waiting program needs, through a restart
BASE, POINT = "base", "point"
FIRST_SECTOR = 2048
SLOW = 1  # writes a second, while the power is to go between two of them
# A table of DOS is 64 bytes: a restored header is known by its partition's UUID, so there has to be a partition. In
# crypttab and fstab the disk is one that somebody opens by hand.
MAKE = f"""
set -e
cat >/run/table && dd if=/run/table of={WHOLE} bs=512 count=1 conv=notrunc,fsync status=none
blockdev --rereadpt {WHOLE} && udevadm settle
printf '%s' '{PASSPHRASE}' | cryptsetup luksFormat -q --type luks2 --uuid {UUID} {" ".join(CHEAP["argon2id"])} \\
    --key-file - {DISK}
echo 'data UUID={UUID} none luks,noauto' >>/etc/crypttab
echo '/dev/mapper/data {MOUNT} ext4 noauto,noatime 0 2' >>/etc/fstab
printf '%s' '{PASSPHRASE}' | cryptsetup open --key-file - {DISK} data
# Nothing of the file system is to be written later on, when the writes are counted.
mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/mapper/data
mkdir -p {MOUNT} && mount {MOUNT} && mkdir {MOUNT}/{{office,pupils}}
for one in {{1..60}}; do
    head -c $((one * 1000)) /dev/urandom >{MOUNT}/office/$one; head -c 70000 /dev/urandom >{MOUNT}/pupils/$one
done
# What has no part in it would cost each start after a power cut half its time.
systemctl mask --now --quiet apparmor auditd ldconfig nftables rsyslog systemd-binfmt systemd-journal-catalog-update \\
    systemd-timesyncd ufw wtmpdb-update-boot xrdp xrdp-sesman
systemctl disable --now --quiet lab-clock lab-collector
systemctl daemon-reload; udevadm settle; sync
"""
# The drivers that the steps load: reading them all takes an emulated machine longer than a step.
LOADED = (
    "import sys; import _linux.luks.steps; "
    "print(*(one.__file__ for name, one in sys.modules.items() if name.partition('.')[0] == '_linux'), sep='\\n')"
)
# What opens the disk is its passphrase, by cryptsetup and the kernel; where it does, the volume is opened anew first.
# 3: it does not, and the volume is not open either.
DATA = f"""
read -r secret
if printf '%s' "$secret" | cryptsetup open --test-passphrase --key-file - {DISK}; then
    set -e
    if mountpoint -q {MOUNT}; then umount {MOUNT}; fi
    if [ -e /dev/mapper/data ]; then cryptsetup close data; fi
    printf '%s' "$secret" | cryptsetup open --key-file - {DISK} data
    udevadm settle; mount {MOUNT}
fi
mountpoint -q {MOUNT} || exit 3
echo 3 >/proc/sys/vm/drop_caches
cd {MOUNT} && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
"""
SHIP = f"cp -a {KEPT} {THERE} && {START}"
# Compiled once: emulated, that takes longer than the start.
COMPILED = f"(cd {THERE} && find _linux -name __pycache__ -exec cp -a --parents -t {KEPT} {{}} +)"
GO = f"kill -0 $(cat {THERE}/observer.pid) && echo %s >{THERE}/go"
ANSWER = f"cat {THERE}/answer"


class RealDisk(WatchedDisk):
    """The disk in a machine that has it as its second. It has what WatchedDisk has, by SSH; nothing is a file here."""

    def __init__(self, machine: Machine, folder: Path) -> None:  # not its parent's, which makes a file
        self.machine = machine
        self.folder = folder
        self.path = Path(DISK)
        self.uuid = UUID
        self.changes = {}
        self._wrote = 0

    # One step

    def work_on(self, watch: Watch | None, step: str, said: dict[str, Any]) -> dict[str, Any]:
        """The step in the machine. Watched, it stops beside those commands that are known to change the disk, or while
        that is learnt beside each of them."""
        if watch is None:
            return self._answer(self._begin(step, said, 0, []))
        found = self._begin(step, said, watch.commands, list(self.changes) if watch.kind else None)
        while "at" in found:
            found = self._at(watch, **found["at"])
        watch.commands = found.get("counted", watch.commands)
        return self._answer(found)

    def _begin(self, step: str, said: dict[str, Any], counted: int, stops: list[int] | None) -> dict[str, Any]:
        asked = {"step": step, "said": {**dict.fromkeys(ARGUMENTS), **said}, "counted": counted, "stops": stops}
        # On standard input, and then in a file in memory that root alone reads: a key may be in it.
        return self._heard(f"umask 077; cat >{THERE}/asked; {ASK % 'step'}", json.dumps(asked))

    def _heard(self, command: str, input: str = "") -> dict[str, Any]:
        answer = self.machine.root(command, input=input, timeout=PATIENCE).stdout
        try:
            return dict(json.loads(answer))
        except ValueError:
            raise LabError(answer[-3000:] or "the program in the machine said nothing") from None

    def _answer(self, found: dict[str, Any]) -> dict[str, Any]:
        if "answer" not in found:
            raise LeeboardError(found.get("failed", "the step in the machine was lost"))
        return dict(found["answer"])

    # Its commands

    def _at(self, watch: Watch, number: int, argv: list[str], moment: str) -> dict[str, Any]:
        """It stopped beside a command. What it says when it stops again, or when the step is done."""
        name = named(argv)
        if not watch.kind:
            self._count(watch, number, name, moment)
            return self._go_on()
        try:
            watch.reach(CONNECTION, f"{moment} {name}")
        except Died:
            self._heard(f"{GO % 'die'}; {ANSWER}")
            raise
        if moment == "before":
            for write, what in self.cuts(*self.changes[number]):
                if watch.reach(POWER, what, write):
                    self._power_off(write)
                    raise Died
        else:
            try:
                watch.reach(POWER, f"after {name}")
            except Died:
                self.machine.power_cut()
                raise
        return self._go_on()

    def _go_on(self) -> dict[str, Any]:
        return self._heard(f"{GO % 'on'}; {ANSWER}")

    def _count(self, watch: Watch, number: int, name: str, moment: str) -> None:
        """Note how many writes a command made, where it made any."""
        now = self._writes()
        if moment == "after" and now > self._wrote:
            self.learn(watch, number, name, now - self._wrote)
        self._wrote = now

    def cuts(self, name: str, writes: int) -> list[tuple[int, str]]:
        """Before the first write, and in the midst of them: the words are the same however many there are."""
        midst = [(writes // 2 + 1, f"in the midst of what {name} writes")] if writes > 1 else []
        return [(1, f"before {name}"), *midst]

    def _power_off(self, write: int) -> None:
        """Take the power away before this write of the command beside which it stopped."""
        if write > 1:
            until = self._writes() + write - 1
            self._slow_down(SLOW)
            self.machine.root(GO % "on", timeout=PATIENCE)
            end = time.monotonic() + PATIENCE
            while self._writes() < until:
                if time.monotonic() > end:
                    raise LabError(f"{self.machine.name}: the command made less than {write} writes")
        self.machine.power_cut()

    def _writes(self) -> int:
        """How many writes have reached the disk."""
        found = qmp(self.machine.sockets / "qmp", "query-blockstats")
        (mine,) = [one["stats"]["wr_operations"] for one in found if one.get("device") == QEMU_DISK]
        return int(mine)

    def _slow_down(self, writes: int) -> None:
        rest = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd"), 0)
        qmp(self.machine.sockets / "qmp", "block_set_io_throttle", device=QEMU_DISK, iops_wr=writes, **rest)

    # What others see of it, and do to it

    def opens(self, secret: str, *options: str) -> bool:
        """Whether a secret opens the disk, asked of the machine's cryptsetup alone."""
        words = ["cryptsetup", "open", "--test-passphrase", *options, "--key-file", "-", DISK]
        return self.machine.root(words, input=secret, check=False, timeout=PATIENCE).returncode == 0

    def cryptsetup(self, *words: str, input: str = PASSPHRASE) -> str:
        """What the machine's cryptsetup prints when it is asked about the disk, or to change it."""
        return self.machine.root(["cryptsetup", *words, DISK], input=input, timeout=PATIENCE).stdout

    def wreck(self, size: int) -> None:
        """Write over the beginning of the disk, `size` bytes."""
        command = f"dd of={DISK} bs={size} iflag=fullblock conv=notrunc,fsync status=none; udevadm settle"
        self.machine.root(command, input=b"\xaa" * size)

    def fill(self) -> None:
        """It has its tree of files from the beginning."""

    def data(self) -> str | None:
        """A digest over all files on the disk, read through the kernel's dm-crypt and not from its memory."""
        done = self.machine.root(DATA, input=f"{PASSPHRASE}\n", check=False, timeout=PATIENCE)
        if done.returncode not in (0, 3):
            return f"the disk opens, and its files cannot be read: {done.stderr.strip()[-200:]}"
        return done.stdout.strip() if done.returncode == 0 else None

    def save(self, folder: Path) -> None:
        """Keep the whole machine as it is, running."""
        self.machine.root("sync")
        self.machine.snapshot(POINT)

    def begin_anew(self, folder: Path) -> None:
        """Let the machine be as it was kept."""
        self.machine.restore(POINT)

    def come_back(self) -> None:
        """Where the power went the machine starts again, from what is on its disks."""
        if not self.machine.running():
            self.machine.boot(PATIENCE)
            self.machine.root(SHIP, timeout=PATIENCE)


@contextmanager
def on_a_machine() -> Iterator[Callable[[Path], RealDisk]]:
    """A machine of the lab with a spare disk; what it gives makes that disk as it was at the beginning."""
    machine = start_machine(MachineSpec("server", disks_mb=(SIZE,)))
    try:
        machine.root(f"mkdir -p {KEPT} && tar -xC {KEPT}", input=packed({**needed(), OBSERVER: OBSERVER.name}))
        machine.root(MAKE, input=partition_table(), timeout=PATIENCE)
        machine.root(f"{SHIP}; {COMPILED}; sync", timeout=PATIENCE)
        machine.snapshot(BASE)

        def make(folder: Path) -> RealDisk:
            machine.restore(BASE)
            return RealDisk(machine, folder)

        yield make
    finally:
        machine.delete()


def chosen(points: Sequence[Point]) -> list[Point]:
    """Those that are gone through on a machine, power first: one of each step, kind and what happens then.

    When its own controller is killed the device does nothing: of these one of each step, since all are gone through on
    image files.
    """
    found: dict[tuple[str, ...], Point] = {}
    for point in points:
        found[(point.kind, point.step, *(() if point.kind == CONTROLLER else (point.what,)))] = point
    return sorted(found.values(), key=lambda one: (-KINDS.index(one.kind), one.number))


def needed() -> dict[Path, str]:
    """The files of the drivers that the steps need, and their names in the machine."""
    words = [sys.executable, "-c", LOADED]
    said = subprocess.run(words, cwd=LINUX.parent, capture_output=True, text=True, check=True).stdout
    needed = {Path(line) for line in said.splitlines()}
    return {path: name for path, name in linux_files().items() if path in needed}


def partition_table() -> bytes:
    """A partition table with one partition, the rest of the disk."""
    entry = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + FIRST_SECTOR.to_bytes(4, "little")
    entry += (SIZE * 2048 - FIRST_SECTOR).to_bytes(4, "little")
    return bytes(440) + b"LEEB" + bytes(2) + entry + bytes(48) + b"\x55\xaa"
