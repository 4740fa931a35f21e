"""A machine's disk in a file, and a controller, both watched while they work, and each cut off at any moment.

On the device: before a step and after it (its answer is lost then), before and after each command that changes the
disk, before each single write that such a command makes, and before each file that a step writes is on the disk. On the
controller: before each file that it writes is on the disk, and before and after each step that it asks for.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.vault import Writer
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import PASSPHRASE, cryptsetup
from tests.unit.linux.luks_machine import Disk

CONTROLLER, CONNECTION, POWER = "controller killed", "connection cut", "power off"
KINDS = (CONTROLLER, CONNECTION, POWER)
WRITES = "write,pwrite64,writev,pwritev,pwritev2"
BEGIN = "looking at the vault"


@dataclass(frozen=True)
class Moment:
    """A moment of a run: the step in which it is, and what happens then. `write` is the number of a command's write."""

    kind: str
    step: str
    what: str
    write: int = 0


class Watch:
    """What is noticed during one run, in order; and the moment of one kind at which it is cut off (0: never)."""

    def __init__(self, kind: str = "", number: int = 0) -> None:
        self.kind = kind
        self.number = number
        self.moments: list[Moment] = []
        self.step = BEGIN
        self.on_device = False
        self.lost = False
        self.commands = 0

    def reach(self, kind: str, what: str, write: int = 0) -> bool:
        """Note a moment; whether it is the one. For all but a write of a command, that ends whoever is cut off."""
        self.moments.append(Moment(kind, self.step, what, write))
        if self.kind != kind or sum(one.kind == kind for one in self.moments) != self.number:
            return False
        self.lost = kind != CONTROLLER
        if not write:
            raise Died
        return True

    @contextmanager
    def within(self, step: str) -> Iterator[None]:
        """A step; one within another counts as the outer one."""
        if self.step != BEGIN:
            yield
            return
        self.step = step
        try:
            yield
        finally:
            self.step = BEGIN


class Watched:
    """What is watched of a machine that has its disk in a file, whichever double it is. Without a watch it is as any.

    `under` of the double is what the programs that really run are started by.
    """

    folder: Path
    path: Path
    under: list[str]
    watch: Watch | None = None
    changes: dict[int, tuple[str, int]]  # commands that change the disk, by number: their name, how many writes
    lost_power = False

    def data(self) -> Any:
        """What has to stay as it is; None where nothing can read it now."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Keep the disk as it is, in a folder, for `begin_anew`."""
        raise NotImplementedError

    def begin_anew(self, folder: Path) -> None:
        """Let it be as it was kept, and the machine without what was noted there."""
        raise NotImplementedError

    def come_back(self) -> None:
        """Whatever was cut off is there again: a machine starts, a connection can be made."""
        if self.lost_power:
            self.restart()
        self.lost_power = False

    def restart(self) -> None:
        """Start again."""

    def written(self) -> list[Path]:
        """What commands write to. In what order that reaches it is what cuts off a command."""
        return [self.path]

    def state(self) -> Any:
        """Something that is another after a command that changed anything."""
        return digest(self.path)

    def asked_for(self, step: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """One step, which is `work`. Where the device or the way to it is gone, the controller is told so."""
        watch = self.watch
        if watch is None:
            return work()
        with watch.within(f"device: {step}"):
            watch.reach(CONTROLLER, f"before {step} is asked for")
            if watch.lost:
                raise LeeboardError("the device does not answer")
            watch.on_device = True
            try:
                watch.reach(CONNECTION, f"before {step}")
                answer = work()
                watch.reach(CONNECTION, f"after {step}: its answer is lost")
            except Died:
                self.lost_power = watch.kind == POWER
                raise LeeboardError("the device was lost") from None
            finally:
                watch.on_device = False
            watch.reach(CONTROLLER, f"after {step} was answered")
            return answer

    def cuts(self, name: str, writes: int) -> list[tuple[int, str]]:
        """Before which writes of a command the power goes, and the words for each; 0: before the command."""
        if not writes:  # it is a double, or there is no strace
            return [(0, f"before {name}")]
        return [(one, f"{name}: before write {one} of {writes}") for one in range(1, writes + 1)]

    def learn(self, watch: Watch, number: int, name: str, writes: int) -> None:
        """Note a command that changed the disk, and every moment that it has."""
        self.changes[number] = (name, writes)
        watch.moments.append(Moment(CONNECTION, watch.step, f"before {name}"))
        watch.moments += [Moment(POWER, watch.step, what, write) for write, what in self.cuts(name, writes)]
        watch.moments += [Moment(kind, watch.step, f"after {name}") for kind in (CONNECTION, POWER)]

    def watched(self, watch: Watch, argv: list[str], command: Callable[[], Completed]) -> Completed:
        """A command of a step, which is `command`."""
        watch.commands += 1
        number, name = watch.commands, named(argv)
        if not watch.kind:
            return self._learned(watch, number, name, command)
        if number not in self.changes:
            return command()
        watch.reach(CONNECTION, f"before {name}")
        for write, what in self.cuts(*self.changes[number]):
            if watch.reach(POWER, what, write):
                self._under([*self._strace("/dev/null"), "-e", f"inject={WRITES}:signal=KILL:when={write}"], command)
                raise Died
        done = command()
        watch.reach(CONNECTION, f"after {name}")
        watch.reach(POWER, f"after {name}")
        return done

    def _learned(self, watch: Watch, number: int, name: str, command: Callable[[], Completed]) -> Completed:
        """Run a command and count what it writes to the disk."""
        before, trace = self.state(), self.folder / "trace"
        trace.unlink(missing_ok=True)
        done = self._under(self._strace(str(trace)) if shutil.which("strace") else [], command)
        if self.state() == before:
            return done
        lines = trace.read_text(errors="replace").splitlines() if trace.exists() else []
        self.learn(watch, number, name, sum("write" in line.partition("(")[0] for line in lines))
        return done

    def _strace(self, trace: str) -> list[str]:
        paths = [word for path in self.written() for word in ("-P", str(path))]
        return ["strace", "-f", "-o", trace, *paths, "-e", f"trace={WRITES}"]

    def _under(self, words: list[str], command: Callable[[], Completed]) -> Completed:
        self.under = words
        try:
            return command()
        finally:
            self.under = []


class WatchedDisk(Watched, Disk):
    """The disk. on_machine.disk.RealDisk is one in a machine of the lab."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.changes = {}
        super().__init__(folder, **options)
        self.begin = int(self.header()["segments"]["0"]["offset"])  # of the data, in bytes

    # What is done to it and seen of it by others than the code under test

    def fill(self) -> None:
        """Let the disk be full of data."""
        with self.path.open("r+b") as file:
            file.seek(self.begin)
            file.write(os.urandom(self.path.stat().st_size - self.begin))

    def data(self) -> str | None:
        """A digest over all data, here as they lie on the disk encrypted; None where nothing can open them now."""
        return digest(self.path, self.begin)

    def header(self) -> dict[str, Any]:
        """The JSON of the LUKS header."""
        return dict(json.loads(self.cryptsetup("luksDump", "--dump-json-metadata")))

    def slots(self) -> list[int]:
        """The slots that the header has."""
        return sorted(map(int, self.header()["keyslots"]))

    def cryptsetup(self, *words: str, input: str = PASSPHRASE) -> str:
        """What cryptsetup prints when it is asked about the disk, or to change it."""
        return cryptsetup(*words, str(self.path), input=input)

    def wreck(self, size: int) -> None:
        """Write over the beginning of the disk, `size` bytes."""
        with self.path.open("r+b") as file:
            file.write(b"\xaa" * size)

    def save(self, folder: Path) -> None:
        """Keep the disk as it is, in a folder, for `begin_anew`."""
        shutil.copy(self.path, folder / "disk")

    def begin_anew(self, folder: Path) -> None:
        """Let it be as it was kept, and the machine without what was noted there."""
        shutil.copy(folder / "disk", self.path)
        shutil.rmtree(self.folder / "root", ignore_errors=True)

    # Watching

    def host(self) -> Any:
        """The machine as a new process sees it."""
        host = super().host()
        usual, watch = host._runner, self.watch

        def run(argv: list[str], *how: Any) -> Completed:
            if argv[0] not in self.programs or watch is None:
                return cast(Completed, usual(argv, *how))
            return self.watched(watch, argv, lambda: usual(argv, *how))

        host._runner = run
        return host

    def ask(self, step: str, **said: Any) -> dict[str, Any]:
        """One step of luks_key."""
        return self.asked_for(step, lambda: self.work_on(self.watch, step, said))

    def work_on(self, watch: Watch | None, step: str, said: dict[str, Any]) -> dict[str, Any]:
        """The step on the device, watched there if it is watched at all. Raises LeeboardError with its words."""
        return super().ask(step, **said)


def named(argv: list[str]) -> str:
    """The words for a command, the same in each run."""
    if argv[0] != "cryptsetup":
        return argv[0]
    return " ".join(word for word in argv[1:3] if not word.startswith(("-", "/")))


def digest(path: Path, begin: int = 0) -> str:
    """Of all of a file from there on."""
    with path.open("rb") as file:
        file.seek(begin)
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def watching(disk: Watched, watch: Watch) -> Iterator[Watch]:
    """Watch disk and controller while something is done."""
    fsync = os.fsync

    def patched(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        # Before a folder is on the disk is what the next file's moment finds.
        if watch.on_device:
            for kind in (CONNECTION, POWER):
                watch.reach(kind, f"before {_where(path, disk.folder)} is on the disk")
        elif not path.is_dir():
            watch.reach(CONTROLLER, f"before {_what(path)} is on the disk")
        fsync(descriptor)

    def labelled(method: Callable[..., Any], event: str) -> Callable[..., Any]:
        def call(self: Writer, *given: Any, **said: Any) -> Any:
            with watch.within(f"vault: {event or given[0]}"):
                return method(self, *given, **said)

        return call

    of = {"seal": ledger.SEALED, "keep_header": ledger.HEADER, "destroy_header": ledger.HEADER_GONE}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", patched)
        for name, event in {**of, "reseal": "resealed", "note": ""}.items():
            patch.setattr(Writer, name, labelled(getattr(Writer, name), event))
        disk.watch = watch
        try:
            yield watch
        finally:
            disk.watch = None


def _what(path: Path) -> str:
    """What is written, in words that are the same in each run."""
    name = path.name.removeprefix(".").removesuffix(".tmp")
    place = next((one for one in ("first", "second", "var") if one in path.parts), "")
    return f"a file ({Path(name).suffix.removeprefix('.') or name}) in {place}"


def _where(path: Path, folder: Path) -> str:
    """What a device writes, in words that are the same in each run."""
    place = Path("/") / (path if path.is_dir() else path.parent).relative_to(folder / "root")
    return f"a name in {place}" if path.is_dir() else f"a file in {place}"
