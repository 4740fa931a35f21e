"""What the commands that ask have open: the store, the inventory where one was given, the baseline and a clock."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.inventory import EstateInventory
from leeboard.cli.asking.subject import Subject
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.files import bundles, run_of
from leeboard.evidence.notes.forgotten import of_devices
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.words import age, local
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.verdict.status import DeviceStatus, EstateStatus

Inventory = Annotated[
    Path | None,
    typer.Option(
        "--inventory", "-i", help="An inventory: who should be there, and by which names. Else what was ever expected."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON: times in UTC, one line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing; the exit code says it.")]


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Kept:
    """An open store and what is asked of it. `listed` is None where no inventory was given."""

    store: Store
    var: Path
    baseline: Baseline
    at: datetime
    listed: EstateInventory | None
    source: Path | None

    @property
    def evidence(self) -> Path:
        """The evidence folder."""
        return self.var / "evidence"

    @property
    def before(self) -> Mapping[str, Sequence[str]]:
        """By URN, those under which a school's evidence was filed earlier."""
        return {urn: school.predecessors for urn, school in self.listed.schools.items()} if self.listed else {}

    def status(self, subject: Subject) -> EstateStatus:
        """How the devices that are asked about stand by what is kept, and their schools as a whole."""
        devices = [
            device
            for device in (self.listed.devices if self.listed else ())
            if subject.urns is None or device.urn in subject.urns
        ]
        # A device that is in no register any more is known from the store alone.
        if subject.asset and not any(device.asset == subject.asset for device in devices):
            devices = []
        gone = of_devices(self.evidence, devices)
        urns = None if subject.urns is None else sorted(subject.urns)
        status = estate_status(
            self.store, self.baseline, devices, self.at, urns=urns, before=self.before, forgotten=gone
        )
        if self.listed is not None and devices and not subject.asset:
            sources = Sources(self.store, self.evidence, self.listed.schools)
            status = replace(status, schools=school_statuses(sources, self.baseline, devices, self.at))
        if subject.asset:
            return _of_device(status, subject)
        if self.listed is None:
            return status
        # What is wrong with the inventory, or of some schools with their own files.
        problems = self.listed.problems if subject.urns is None else self.listed.mistakes(subject.urns)
        return replace(status, problems=(*problems, *status.problems))

    def newest(self, subject: Subject) -> str:
        """When the newest run of these schools began, and which bundles the store does not know yet, in words."""
        latest = self.store.bundles(None if subject.urns is None else sorted(subject.urns), latest=True)
        if not latest:
            return "No run is kept."
        found = max(latest, key=lambda bundle: bundle.started)
        words = f"The newest run began {age(found.started, self.at)}, {local(found.started)}"
        waiting = sum(self._waiting(bundle.urn, bundle.run) for bundle in latest)
        return f"{words}; {waiting} newer not loaded yet: leeboard ingest." if waiting else f"{words}."

    def _waiting(self, urn: str, newest: str) -> int:
        """How many bundles of a school are newer, by their names, than the newest that the store knows."""
        return sum(run_of(path) > newest for path in bundles(self.evidence / urn))


@contextmanager
def opened(var: Path, database: str | None, inventory: Path | None, clock: Callable[[], datetime]) -> Iterator[Kept]:
    """Open what is kept. Raises LeeboardError where nothing is: asking makes no store."""
    where = database or str(var / "leeboard.db")
    if "://" not in where and not Path(where).is_file():
        raise LeeboardError(f"{where}: nothing is kept yet; leeboard drift checks, leeboard ingest loads what is there")
    baseline = load()
    source = inventories.file_of(inventory) if inventory else None
    listed = inventories.read(source, tuple(baseline.parameters)) if source else None
    with Store(where) as store:
        yield Kept(store, var, baseline, clock(), listed, source)


def print_json(data: dict[str, Any]) -> None:
    """Print JSON in one line, ASCII only, so that any encoding can hold it."""
    sys.stdout.write(json.dumps(data, ensure_ascii=True, allow_nan=False) + "\n")


def _of_device(status: EstateStatus, subject: Subject) -> EstateStatus:
    """The same with one device alone. Raises LeeboardError where nothing is kept of it."""
    found: list[DeviceStatus] = [one for one in status.devices if one.device.asset == subject.asset]
    if not found:
        raise LeeboardError(f"{subject.label}: nothing is kept of it")
    risks = tuple(risk for risk in status.waivers if subject.asset in risk.assets)
    return replace(status, devices=tuple(found), waivers=risks, problems=())
