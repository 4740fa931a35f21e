"""What is asked of schools as a whole at one moment: measured on the controller just now, and never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from leeboard.authority import expiry
from leeboard.estate.school import SchoolVariables
from leeboard.evidence import second_factor
from leeboard.evidence.keeping import retention
from leeboard.evidence.store.store import Store
from leeboard.model.device import Device
from leeboard.model.enums import LEVELS, Level
from leeboard.model.observation import Reading
from leeboard.model.words import day
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve_school
from leeboard.report import protective_marking
from leeboard.verdict import waivers
from leeboard.verdict.evaluate import measured
from leeboard.verdict.status import SchoolStatus


@dataclass(frozen=True)
class Sources:
    """Where the answers lie: the store, the evidence folder (one folder a school in it), the schools' variables."""

    store: Store
    evidence: Path
    variables: Mapping[str, SchoolVariables]

    @property
    def var(self) -> Path:
        """The controller's folder, in which the evidence is."""
        return self.evidence.parent


def school_statuses(
    sources: Sources, baseline: Baseline, devices: Sequence[Device], at: datetime
) -> tuple[SchoolStatus, ...]:
    """The schools of these devices, by URN, at the moment `at`. Never raises for what a school has or has not."""
    of_school: dict[str, list[Device]] = {}
    torn = waivers.torn(devices)
    for device in devices:
        of_school.setdefault(device.urn, []).append(device)
    lasts = expiry.readings(sources.var, at)
    marks: dict[tuple[Level, str], list[Reading]] = {}
    found = []
    for urn, own in sorted(of_school.items()):
        level = max((device.level for device in own), key=LEVELS.index)
        said = sources.variables.get(urn, SchoolVariables())
        # Most schools share a level and have no recipients: each report is made once to look at it, not 200 times.
        kind = (level, said.recipients)
        if kind not in marks:
            marks[kind] = protective_marking.readings(baseline, *kind)
        readings = [
            *marks[kind],
            *retention.readings(sources.store.bundles([urn]), sources.evidence / urn, at),
            *second_factor.readings(said.export, at),
            *lasts,
        ]
        wanted = resolve_school(baseline, urn, own[0].school, level)
        risks = waivers.in_force(waivers.of_whole_school(own), baseline, at, torn.get(urn, ()))
        findings, spared = waivers.accept(measured(wanted, readings, at), risks, baseline)
        history = _history(sources.store, said.predecessors)
        enforces = _enforces(said, own)
        found.append(
            SchoolStatus(
                urn, own[0].school, level, findings, said.recipients, waived=spared, history=history, enforces=enforces
            )
        )
    return tuple(found)


def _enforces(said: SchoolVariables, devices: Iterable[Device]) -> str:
    """What a roll-out may change at a school, since when and by whose word, as far as the inventory says."""
    named = said.enforce or sorted({family for device in devices for family in device.enforce})
    return f"A roll-out may change {', '.join(named)}." if named else "A roll-out may change nothing here yet."


def _history(store: Store, predecessors: Sequence[str]) -> str:
    """Under which URNs the school's evidence was filed before, and from when to when; "" for none."""
    said = []
    for urn in predecessors:
        runs = store.bundles([urn])
        seen = f" from {day(runs[0].started)} to {day(runs[-1].started)}" if runs else ", of which nothing is known"
        said.append(f"under {urn}{seen}")
    return f"Its history goes on from before: {'; '.join(said)}." if said else ""
