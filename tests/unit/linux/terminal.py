"""`leeboard-authorise` on a real terminal of a machine whose disk is a LUKS image, and all that showed meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

from tests.unit.linux.disks import block, image, mount
from tests.unit.linux.keyrings import environment

# The program as its file has it, with lsblk's answer and the machine's files from a folder; cryptsetup is the real one.
LAUNCH = """
import json, os, pathlib, sys
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import authorise
from tests.unit.linux.disks import Machine
folder = pathlib.Path(sys.argv[1])
host = Machine(folder, json.loads((folder / "lsblk.json").read_text())).host()
BEGIN
sys.exit(authorise.main(sys.argv[2:], host))
"""
ASKED = r"\(it is not shown\): "


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status and all that the terminal showed."""

    status: int | None
    shown: str


@dataclass(frozen=True)
class Desk:
    """A machine in a folder, with one encrypted disk."""

    folder: Path
    disk: Path
    uuid: str

    def argv(self, *words: str, begin: str = "") -> list[str]:
        """The program's command line; `begin` is Python that runs before it."""
        return [sys.executable, "-c", LAUNCH.replace("BEGIN", begin), str(self.folder), *words]

    def typed(self, *answers: bytes, words: tuple[str, ...] = (), begin: str = "") -> Ended:
        """Type each answer when a passphrase is asked for, and see how it ends."""
        process = spawn(*self.argv(*words, begin=begin))
        shown = b""
        for answer in answers:
            process.expect(ASKED)
            shown += process.before + process.after
            process.send(answer + b"\n")
        ended = end(process)
        return Ended(ended.status, shown.decode("utf-8", "backslashreplace") + ended.shown)

    def run(self, *words: str, begin: str = "") -> subprocess.CompletedProcess[str]:
        """The program without a terminal."""
        return subprocess.run(
            self.argv(*words, begin=begin), env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=600,
        )  # fmt: skip


def spawn(*argv: str) -> pexpect.spawn[bytes]:
    """A program with a terminal of its own."""
    return pexpect.spawn(argv[0], list(argv[1:]), env=environment(), timeout=600, dimensions=(40, 200))


def end(process: pexpect.spawn[bytes]) -> Ended:
    """Wait for the end of a program on a terminal; what it showed since it was last looked at."""
    process.expect(pexpect.EOF)
    process.close()
    return Ended(process.exitstatus, process.before.decode("utf-8", "backslashreplace"))


def desk(folder: Path, *options: str) -> Desk:
    """A desk whose disk opens by PASSPHRASE; `options` are those of luksFormat."""
    for path, text in (
        ("proc/self/mountinfo", mount("8:1", "/") + mount("253:0", "/home")),
        ("sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-cryptdata\n"),
    ):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    name = str(uuid.uuid4())
    disk = image(folder, "--uuid", name, *options)
    opened = block("cryptdata", "crypt", uuid=str(uuid.uuid4()), fstype="ext4", kname="dm-0", maj_min="253:0")
    opened["path"] = "/dev/mapper/cryptdata"
    luks = block("sda2", fstype="crypto_LUKS", uuid=name, maj_min="8:2", children=[opened])
    luks["path"] = str(disk)
    made = Desk(folder, disk, name)
    write(made, [block("sda", "disk", [block("sda1", fstype="ext4", maj_min="8:1"), luks])])
    return made


def write(desk: Desk, blocks: list[dict[str, Any]]) -> None:
    """Let lsblk answer this."""
    (desk.folder / "lsblk.json").write_text(json.dumps(blocks))


def opens(disk: Path, secret: bytes) -> bool:
    """Whether cryptsetup opens a disk with these very bytes."""
    argv = ["cryptsetup", "open", "--test-passphrase", "--key-file", "-", str(disk)]
    return subprocess.run(argv, input=secret, capture_output=True, timeout=600).returncode == 0


class Watch:
    """The arguments and the environment of everything that runs, looked at again and again."""

    def __init__(self) -> None:
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def saw(self, words: bytes) -> bool:
        """Whether these bytes stood in any of them."""
        return any(words in one for one in self.arguments | self.environments)

    def _look(self) -> None:
        while not self._end.wait(0.005):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    self.arguments.add((process / "cmdline").read_bytes())
                    self.environments.add((process / "environ").read_bytes())
