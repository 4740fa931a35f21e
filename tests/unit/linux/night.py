"""One visit to the machine of `whole.py` on one night, in a process of its own: `python -m tests.unit.linux.night`.

What moves by itself on a device that nobody touches is another on each night: the clock, and after a restart the pids,
the numbers of sockets and devices, and every order in which the kernel tells of things. The observation is printed as
JSON. A process of its own has its own seed for hashes, which decides the order of sets.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.reading import reading, value
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import device_label

from tests.unit.linux import disks, whole

DAY = 86400
FIRST = 1_795_000_000  # the first night, in November 2026
SOCKETS = {"0A00020A": "1BB6", "0B00020A": "1BB6"}  # two connections of rsyslogd that no file of its names: 6582


class Clock:
    """The clock of a machine: `time` in its place, which everything here takes its time from."""

    def __init__(self, now: float) -> None:
        begun = time.monotonic()
        gmtime, strftime = time.gmtime, time.strftime
        tick = time.monotonic
        time.time = lambda: now + tick() - begun
        time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)
        time.localtime = time.gmtime
        time.strftime = lambda form, moment=None: strftime(form, time.gmtime() if moment is None else moment)


def connections(root: Path, pid: int, night: int) -> None:
    """The open sockets of rsyslogd, which have other numbers and another order after a restart."""
    folder = root / f"proc/{pid}/fd"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for at, (peer, port) in enumerate(sorted(SOCKETS.items(), reverse=bool(night % 2))):
        inode = 1000 * pid + at
        (folder / str(at + 3)).symlink_to(f"socket:[{inode}]")
        rows.append(f"{at}: 0F02000A:{9000 + pid + at:04X} {peer}:{port} 01 0:0 0:0 0 0 0 {inode} 1\n")
    table = root / f"proc/{pid}/net/tcp"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("  sl local_address rem_address st tx rx tr tm uid timeout inode\n" + "".join(rows))


def answers(night: int, pid: int) -> dict[str, Any]:
    """What programs say that differs after a restart: numbers and orders."""
    said = whole.answers()
    opened = disks.block(
        "sda3_crypt", "crypt", kname="dm-0", path="/dev/mapper/sda3_crypt", fstype="ext4", maj_min="254:0"
    )
    first = disks.block("sda", "disk", [
        disks.block("sda2", "part", fstype="ext4", maj_min="8:2"),
        disks.block("sda3", "part", [opened], fstype="crypto_LUKS", uuid=disks.UUID, maj_min="8:3"),
    ])  # fmt: skip
    second = disks.block("sdb", "disk", [disks.block("sdb1", "part", fstype="ext4", maj_min="8:17")])
    in_order = [first, second][:: -1 if night % 2 else 1]
    said["lsblk"] = Completed(0, json.dumps({"blockdevices": in_order}), "")
    ports = [
        f'tcp LISTEN 0 5 0.0.0.0:{port} 0.0.0.0:* users:(("{name}",pid={pid + port},fd=3)) ino:{pid + port} sk:1\n'
        for port, name in ((5900, "x11vnc"), (5901, "x11vnc"), (2222, "dropbear"), (2223, "dropbear"))
    ]
    said["ss -H"] = Completed(0, whole.SS + "".join(ports[:: -1 if night % 2 else 1]), "")
    return said


def moved(root: Path, night: int, restarted: bool) -> int:
    """Make the folder the machine of a night; the pid of rsyslogd there."""
    starts = FIRST + (night * DAY - DAY // 2 if restarted else -7 * DAY)
    pid = 700 + (31 * night if restarted else 0)
    for unit in whole.UNITS.values():
        unit |= {"StateChangeTimestamp": f"@{starts + 20}", "MainPID": str(pid)}  # type: ignore[operator]
    points = [disks.mount("8:2", "/boot"), disks.mount("8:17", "/srv")][:: -1 if restarted and night % 2 else 1]
    files = {
        "proc/stat": f"cpu 1 2 3\nbtime {starts}\nprocesses {1000 + 77 * night}\n",
        "proc/uptime": f"{FIRST + night * DAY - starts}.10 9.99\n",
        "proc/loadavg": f"0.{night}1 0.02 0.03 1/{100 + night} {4000 + night}\n",
        "proc/meminfo": f"MemAvailable: {4_000_000 - 50_000 * night} kB\n",
        "proc/self/stat": "12 (a b) S " + " ".join(str(number + night) for number in range(4, 53)),
        "proc/self/mountinfo": disks.mount("254:0", "/") + "".join(points),
        "run/systemd/notify": "",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("run/charon.vici", "run/systemd/notify"):
        os.utime(root / name, (starts + 60, starts + 60))
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (FIRST + night * DAY, path.stat().st_mtime))  # somebody has read it since
    if not (root / f"proc/{pid}").exists():
        connections(root, pid, night)
    return pid


def main(root: Path, night: int, restarted: bool, addresses: dict[str, list[str]], planted: bool) -> None:
    """Visit the machine in `root`, which was built, and print its observation."""
    pid = moved(root, night, restarted)
    programs = whole.Programs()
    programs.answers = answers(night if restarted else 0, pid)
    if planted:
        # A driver that counts: what this test is there to find.
        device_label.observe = lambda _host, asked: {  # type: ignore[assignment]
            one: reading(device_label.NAME, one, value(int(time.time()), "a clock", "int")) for one in asked
        }
    Clock(FIRST + night * DAY)
    print(json.dumps(visit.visit(whole.machine(root, programs), addresses)))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]),
        "restarted" in sys.argv,
        json.loads(sys.stdin.read()),
        "planted" in sys.argv,
    )
