"""The check of `leeboard drift` while it goes on: which schools, how far, and what to say of each."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from leeboard.ansible import unchecked
from leeboard.ansible.inventory import EstateInventory
from leeboard.ansible.run_schools import SchoolCheck, SchoolRun, check
from leeboard.errors import LeeboardError
from leeboard.estate.editing import SCHOOL
from leeboard.evidence.bundles.files import OPEN, find, last_line
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.recording.run_progress import Night
from leeboard.evidence.store.store import StoredBundle
from leeboard.model.words import age, number
from leeboard.report.words import clean
from leeboard.verdict.status import DeviceStatus

BY_DESIGN = "unreachable by design: the school says reachable: false; bring its evidence in with leeboard ingest"
DEVICE = b'{"kind":"device"'  # how a device's line begins
AT_ONCE = os.process_cpu_count() or 1


@dataclass
class Checked:
    """What came of it: the ids of all runs, the schools whose check broke off, and how many devices had nobody look at
    who answers, by kind (leeboard/ansible/unchecked.py)."""

    runs: set[str] = field(default_factory=set)
    unchecked: Counter[str] = field(default_factory=Counter)
    broken: list[SchoolRun] = field(default_factory=list)


def schools_of(
    listed: EstateInventory, devices: Sequence[Expected], source: Path, all_of_it: bool, single: bool = False
) -> list[SchoolCheck]:
    """The schools of these devices that can be reached from here, by URN. `all_of_it`: the inventory has no others.

    `single`: these are not all devices of their schools, so that each is named.
    A school with a file of its own is checked by that, so that Ansible reads no other.
    """
    by_school: dict[str, list[Expected]] = {}
    for device in devices:
        if listed.reachable(device):
            by_school.setdefault(device.urn, []).append(device)
    alone = all_of_it and len({device.urn for device in devices}) == 1
    checks = []
    for urn, members in sorted(by_school.items()):
        own = listed.schools[urn].file if urn in listed.schools else None
        hosts = None if (own or alone) and not single else tuple(device.name for device in members)
        checks.append(SchoolCheck(urn, members[0].school, own or source, hosts, len(members)))
    return checks


def by_design(devices: Iterable[DeviceStatus], listed: EstateInventory) -> tuple[DeviceStatus, ...]:
    """The same, where the devices of a school that cannot be reached from here say so in place of their silence."""
    away = {urn for urn, school in listed.schools.items() if not school.reachable}
    return tuple(
        replace(status, message=BY_DESIGN)
        if status.device.urn in away and status.outcome in ("never", "not_seen")
        else status
        for status in devices
    )


def own_nights(bundles: Iterable[StoredBundle], at: datetime) -> frozenset[str]:
    """The ids of runs that count as tonight's though no run of ours made them: at most a day old.

    They are of schools that cannot be reached from here and are checked by a controller of their own.
    """
    return frozenset(bundle.run for bundle in bundles if timedelta(0) <= at - bundle.started <= timedelta(days=1))


def page_name(school: str | None, source: Path, devices: Sequence[Expected], this_machine: bool) -> str:
    """What the page of a check is called by default, so that the check of a part never overwrites the estate's page."""
    if this_machine:
        return "drift-this-machine.html"
    urns = sorted({device.urn for device in devices})
    of_one = (school is not None or source.name == SCHOOL) and len(urns) == 1
    return f"drift-{urns[0]}.html" if of_one else "drift.html"


def check_schools(
    schools: Sequence[SchoolCheck], source: Path, var: Path, at_once: int, anew: bool, extra: Mapping[str, str],
    console: Console, verbose: bool = False,
) -> Checked:  # fmt: skip
    """Check schools, and show how far it is: a bar on a terminal, else a line for each school as it ends.

    With `verbose` what Ansible printed of a school is shown as it ends, since that of 200 is too much to keep.
    """
    checked = Checked()
    at = datetime.now(UTC)
    night = Night.begin(var, source, at, anew) if len(schools) > 1 else None
    left = [school for school in schools if night is None or school.urn not in night.done]
    if night is not None and len(left) < len(schools):
        checked.runs |= {run for runs in night.done.values() for run in runs}
        before = number(len(schools) - len(left), "school")
        console.print(
            f"A check that began {age(night.started, at)} was stopped after {before}; "
            f"going on with {number(len(left), 'school')}. --anew checks all of them.",
            markup=False, highlight=False,
        )  # fmt: skip
    try:
        with _Shown(left, var, console) as shown:

            def ended(run: SchoolRun) -> None:
                checked.runs |= run.runs
                checked.unchecked += unchecked.counted([run.result.output])
                if verbose:
                    console.print(run.result.output.strip(), markup=False, highlight=False)
                if run.broken:
                    checked.broken.append(run)
                elif night is not None:
                    night.ended(run.school.urn, run.runs)
                shown.ended(run)

            check(left, var, at_once, extra, ended, shown.tick)
    except BaseException:
        if night is not None:
            night.close(whole=False)
        raise
    if night is not None:
        night.close(whole=not checked.broken)
    return checked


class _Shown:
    """The progress of a run, shown on the terminal."""

    def __init__(self, schools: Sequence[SchoolCheck], var: Path, console: Console) -> None:
        self._var, self._console, self._many = var, console, len(schools) > 1
        self._left = {school.urn: school for school in schools}
        self._seen = {school.urn: _Seen(var / "evidence" / school.urn) for school in schools}
        self._devices = 0  # of schools that have ended
        columns = [
            TextColumn("Checking"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("devices"),
            TimeElapsedColumn(),
        ]
        if self._many:
            columns += [TextColumn("{task.fields[schools]}"), TimeRemainingColumn(elapsed_when_finished=True)]
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        total = sum(school.devices for school in schools)
        self._task = self._bar.add_task("", total=total, schools=self._schools())

    def __enter__(self) -> _Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tick(self) -> None:
        seen = sum(min(self._seen[urn].count(), check.devices) for urn, check in self._left.items())
        self._bar.update(self._task, completed=self._devices + seen, schools=self._schools())

    def ended(self, run: SchoolRun) -> None:
        self._left.pop(run.school.urn, None)
        self._devices += run.school.devices
        self.tick()
        if self._many and not self._console.is_terminal:
            self._console.print(escape(_line(run, self._var)), highlight=False, soft_wrap=True)

    def _schools(self) -> str:
        return f"{number(len(self._left), 'school')} left,"


def _line(run: SchoolRun, var: Path) -> str:
    """The result of a school in one line, for a log."""
    name = f"{run.school.urn} {clean(run.school.name, 60)}"
    if run.broken:
        return f"{name}: broken off after {run.seconds:.0f} s; {clean(last_words(run.result.output), 200)}"
    answered = sum(_outcomes(var / "evidence" / run.school.urn, run_id).get("observed", 0) for run_id in run.runs)
    return f"{name}: {answered} of {number(run.school.devices, 'device')} answered, {run.seconds:.0f} s"


def last_words(output: str) -> str:
    """The last line of Ansible's output that says why it broke off."""
    lines = [line.strip() for line in output.splitlines() if "leeboard:" in line or "ERROR" in line]
    return lines[-1] if lines else "Ansible said nothing"


def _outcomes(folder: Path, run: str) -> dict[str, int]:
    """The counts of outcomes in the trailer of a run's closed bundle."""
    with suppress(OSError, LeeboardError, ValueError):
        path = find(folder, run)
        trailer = json.loads(last_line(path)) if path else {}
        return trailer["outcomes"] if trailer.get("kind") == "trailer" else {}
    return {}


class _Seen:
    """How many devices the bundle that a school's run writes now has lines of. What was read once is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._read = self._lines = 0

    def count(self) -> int:
        """As many as there are at this moment."""
        with suppress(OSError):
            path = max(self._folder.glob(f"*{OPEN}"), default=None)
            if path != self._path:
                self._path, self._read, self._lines = path, 0, 0
            if path is not None:
                with path.open("rb") as lines:
                    lines.seek(self._read)
                    whole, end, _torn = lines.read().rpartition(b"\n")
                self._read += len(whole + end)
                self._lines += sum(line.startswith(DEVICE) for line in whole.split(b"\n"))
        return self._lines
