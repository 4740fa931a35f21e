"""Tables of values: what each setting must come to for values on both sides of its bounds, at each level.

`<ID>/values.yml` is written by hand from the sources that it names, not from the policy:

    from: where the numbers stand
    device: {role: pupil_shared}          what differs from a staff portable, for all of the file
    facts: {desktops: [plasma]}           what differs from the compliant machine, for all of the file
    settings:
      idle-delay:
        absent: drifted                   at every level that stands here
        standard: {compliant: [900, 60], drifted: [901, 0]}
        sensitive: ...                    `each` stands for every level

A file may also be a list of such tables. A value is one in short form, as in cases.yml. For a setting with a judgement
it is what the judgement comes to: what that makes of a device's objects is for the cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leeboard.model.enums import Level
from leeboard.model.observation import Found
from leeboard.policy.model import Baseline
from leeboard.verdict.compare import accepts

from .cases import SHIPPED, Case, Seen
from .scripts import FOLDER

NOW = "2026-11-25T02:00:00+00:00"  # when somebody asks for what the controller measures; the tables say what it finds
FILE_KEYS = {"from", "device", "facts", "settings"}
VERDICTS = ("compliant", "drifted", "not_checked", "not_applicable", "stale", "missing")


@dataclass(frozen=True)
class Cell:
    """One value of one setting at one level, and the verdict on the setting that it must lead to."""

    case: Case
    setting: str
    expect: str
    derived: Any = None

    @property
    def name(self) -> str:
        """What tests call it."""
        return self.case.name

    def verdict(self, baseline: Baseline, seen: Seen | None = None) -> str:
        """What the setting comes to. `seen` can be kept and handed in again."""
        if self.derived is None:
            judged = self.case.finding(baseline, seen).judged
            return next((str(result.verdict) for result in judged if result.setting == self.setting), "not asked for")
        for wanted in self.case.wanted(baseline).settings:
            if (wanted.control.id, wanted.setting.id) == (self.case.control, self.setting):
                holds = accepts(wanted, Found(state="value", source="table", value=self.derived))
                return {True: "compliant", False: "drifted", None: "not told"}[holds]
        return "not asked for"


def files() -> list[Path]:
    """The files of tables."""
    return sorted(FOLDER.glob("*/values*.yml"))


def cells(path: Path) -> list[Cell]:
    """Every cell of the tables in a file."""
    return [cell for table in _tables(path) for cell in _cells(path.parent.name, table, path.name)]


def _tables(path: Path) -> list[dict[str, Any]]:
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return data if isinstance(data, list) else [data]


def _cells(control: str, table: dict[str, Any], file: str) -> Iterator[Cell]:
    if not set(table) <= FILE_KEYS or not table["from"].strip():
        raise ValueError(f"{control}/{file}: it has {', '.join(sorted(FILE_KEYS))}")
    known = SHIPPED.control(control)
    if known is None:
        raise ValueError(f"{control}/{file}: there is no such control")
    settings = {setting.id: setting for setting in known.settings}
    for name, row in table["settings"].items():
        if name not in settings:
            raise ValueError(f"{control}/{file}: {control} has no setting {name}")
        for level, value, expect in _values(row):
            shown = "absent" if isinstance(value, dict) and "absent" in value else repr(value)
            raw = {
                "name": f"{name} is {shown} at level {level}",
                "device": {**table.get("device", {}), "level": level},
                "facts": table.get("facts", {}),
                "readings": {f"{settings[name].driver}:{settings[name].address}": value},
            }
            platform = settings[name].platform
            raw |= {"now": NOW} if platform is None else {"device": {**raw["device"], "platform": str(platform)}}
            derived = value.get("value") if settings[name].judgement else None
            yield Cell(Case(control, raw if derived is None else {**raw, "readings": {}}), name, expect, derived)


def _values(row: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    levels = [level.value for level in Level]
    absent = row.get("absent")
    for level in levels:
        table = row.get(level, row.get("each"))
        if table is None:
            continue
        if absent is not None:
            yield level, {"absent": "case"}, absent
        for expect in VERDICTS:
            for value in table.get(expect, ()):
                yield level, value if isinstance(value, dict) else {"value": value}, expect
