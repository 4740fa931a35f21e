"""What is cut off while an empty disk is encrypted, formatted and mounted, beside the system's own disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.disks.empty_disks import FORMATS
from leeboard.escrow.vault.binding import Binding, parse
from leeboard.escrow.vault.records import Key
from tests.unit.escrow.bench import Bench, whole
from tests.unit.escrow.vaults import a_vault
from tests.unit.linux.disks import PASSPHRASE
from tests.unit.linux.spare_disk import ROOT_UUID, SIZE, Mapper, Spare, changes

from .records import IMAGE
from .watched import Watched, WatchedDisk, digest
from .work import COUNTS, Trouble, Work, must

WORK = "the work of a pupil"


class WatchedSpare(Watched, Spare):
    """The machine with an empty disk beside the system's. `used`: somebody put a file on the new one."""

    used = False

    def __init__(self, folder: Path) -> None:
        self.changes = {}
        super().__init__(folder)

    def data(self) -> Any:
        """The system's disk, and what somebody put on the new one as soon as that was mounted."""
        kept = WORK in self.inside("debugfs", "-R", "cat /work") if self.used else True
        return digest(self.system) if kept else "the file on the new disk is lost"

    def use(self) -> None:
        """Put a file on the new disk."""
        source = self.folder / "work"
        source.write_text(WORK)
        self.inside("debugfs", "-w", "-R", f"write {source} work")
        self.used = True

    def save(self, folder: Path) -> None:
        shutil.copytree(self.root, folder / "root", symlinks=True)
        shutil.copy(self.system, folder / "system")

    def begin_anew(self, folder: Path) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(folder / "root", self.root, symlinks=True)
        shutil.copy(folder / "system", self.system)
        with self.path.open("wb") as file:
            file.truncate(SIZE)
        self.mapper, self.mounts = Mapper(self.path, self.mapper.inside), {}
        self.used = False

    def restart(self) -> None:
        """Start again, by what the tables say."""
        Spare.restart(self)

    def written(self) -> list[Path]:
        """dm-crypt's double brings to the disk what a command wrote inside, even of one that was killed."""
        return [self.path, self.mapper.inside]

    def state(self) -> Any:
        return self.digest(), self.mapper.name, dict(self.mounts)

    def ask(self, step: str, **said: Any) -> dict[str, Any]:
        return self.asked_for(step, lambda: Spare.ask(self, step, **said))

    def work(self, step: str, **said: Any) -> dict[str, Any]:
        return self.asked_for(step, lambda: Spare.work(self, step, **said))

    def __call__(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
        def command() -> Completed:
            return Spare.__call__(self, argv, input, timeout, environment)

        return self.watched(self.watch, argv, command) if self.watch and changes(argv) else command()


class FormattingController(Bench):
    """A controller with a vault, and that machine."""

    machine: WatchedSpare

    def opens(self, key: Key) -> bool:
        """Whether a key opens the disk that it is of."""
        machine = self.machine
        return machine.opens(self.secret(key), machine.system if key.disk == ROOT_UUID else machine.path)


class Formatting(Work[FormattingController]):
    """An empty disk that the inventory names. The data are those of the system's disk, which has its key already."""

    name = "formatting an empty disk"
    where = (IMAGE,)

    @contextmanager
    def begun(self, folder: Path, make: Callable[[Path], WatchedDisk]) -> Iterator[FormattingController]:
        """`make` makes none that is empty."""
        with a_vault(folder) as made:
            yield FormattingController(made, WatchedSpare(folder))

    def prepare(self, controller: FormattingController) -> None:
        controller.run()

    def work(self, controller: FormattingController) -> Outcome:
        return controller.format()

    def meanwhile(self, controller: FormattingController) -> None:
        if controller.machine.mounts:
            controller.machine.use()

    def binding(self, controller: FormattingController) -> Binding | None:
        volumes = parse(controller.machine.ask("survey")["volumes"])
        return next((one.binding for one in volumes if one.uuid == ROOT_UUID), None)

    def opens(self, controller: FormattingController, secrets: Sequence[str]) -> bool | None:
        """The system's disk by its key, and by its passphrase."""
        machine = controller.machine
        return all(machine.opens(one, machine.system) for one in (*secrets, PASSPHRASE))

    def honest(self, controller: FormattingController) -> bool:
        """And nothing is mounted whose key is not proved."""
        counted = [one for one in controller.kept.keys if one.state in COUNTS]
        proved = any(FORMATS in one.binding for one in counted)
        return all(map(controller.opens, counted)) and (proved or not controller.machine.mounts)

    def finish(self, controller: FormattingController) -> None:
        done = controller.roll_out()
        must(not any(one.failed for one in done), f"the next run: {[one.summary for one in done]}")
        again = controller.roll_out()
        must(not any(one.changed or one.failed for one in again), f"the run after it: {[one.summary for one in again]}")
        try:
            whole(controller)
        except (AssertionError, ValueError, StopIteration) as wrong:
            raise Trouble(f"the new disk is not whole: {wrong!r}") from wrong
