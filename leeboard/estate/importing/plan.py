"""What the import of a list of devices would change in an estate, field by field, before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from leeboard.estate.devices import DeviceRow
from leeboard.estate.importing.devices import PLAIN, DeviceList, LeftOut, Listed
from leeboard.estate.importing.matching import Finder, Match, Twice, label, once, serial_of
from leeboard.estate.importing.problems import quoted
from leeboard.estate.synonyms import parse_value
from leeboard.model.device import ASSET
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.problem import Problem

FIELDS = ("asset", "host", "address", "platform", "form", "role", "level", "serial", "notes")
# What a technician decides here. A list of another program fills them where they are empty, and changes nothing.
OURS = ("role", "level", "notes")


@dataclass(frozen=True)
class Change:
    """One field of a device or school, before and after, as it stands in the file."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Changed:
    """A device of which fields change. `by` is what it was known by; `note` is what a person should look at, or ""."""

    before: DeviceRow
    after: DeviceRow
    row: int
    by: str
    note: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields that a change alters."""
        return differences(self.before, self.after)


@dataclass(frozen=True)
class Moved(Changed):
    """A device that comes from the school `urn`: it leaves that school's list."""

    urn: str = ""


@dataclass(frozen=True)
class Missing:
    """A device of the school that the list does not have, or has as gone (`reason`)."""

    device: DeviceRow
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that an import would do to the school `urn`. Missing devices stay unless `removes` is true."""

    urn: str
    added: tuple[tuple[Listed, DeviceRow], ...] = ()
    changed: tuple[Changed, ...] = ()
    moved: tuple[Moved, ...] = ()
    unchanged: tuple[DeviceRow, ...] = ()
    missing: tuple[Missing, ...] = ()
    twice: tuple[Twice, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()
    removes: bool = False
    schools: Mapping[str, Sequence[DeviceRow]] = field(default_factory=dict)

    @property
    def changes_anything(self) -> bool:
        """True when some file would be written."""
        return bool(self.added or self.changed or self.moved or (self.removes and self.missing))

    def result(self) -> dict[str, tuple[DeviceRow, ...]]:
        """The devices of each school of which the list changes, by URN, in their order; new ones at the end."""
        if not self.changes_anything:
            return {}
        after = {change.before: change.after for change in self.changed}
        gone = {entry.device for entry in self.missing} if self.removes else set()
        own = [after.get(device, device) for device in self.schools.get(self.urn, ()) if device not in gone]
        own += [replace(move.after, row=0) for move in self.moved] + [device for _, device in self.added]
        result = {self.urn: tuple(own)}
        for urn in {move.urn for move in self.moved}:
            left = {move.before for move in self.moved if move.urn == urn}
            result[urn] = tuple(device for device in self.schools[urn] if device not in left)
        return result


@dataclass(frozen=True)
class Defaults:
    """What new devices are where the list does not say."""

    platform: Platform | None = None
    form: Form | None = None
    role: Role | None = None


def plan(
    schools: Mapping[str, Sequence[DeviceRow]],
    urn: str,
    listed: DeviceList,
    defaults: Defaults = Defaults(),
    removes: bool = False,
) -> Plan:
    """What the import of `listed` into the school `urn` would do. `schools` are all of the estate, by URN."""
    finder = Finder(schools, urn)
    devices, twice = once(listed.devices)
    problems: list[Problem] = list(listed.problems)
    claimed: dict[tuple[str, DeviceRow], Listed] = {}
    added: list[tuple[Listed, DeviceRow]] = []
    changed: list[Changed] = []
    moved: list[Moved] = []
    # Those that are known by serial take theirs first: a tag or a name may have been handed on.
    matches = [(device, finder.find(device)) for device in devices]
    for device, match in sorted(matches, key=lambda pair: pair[1] is None or pair[1].by != "serial"):
        try:
            if match is not None and (match.urn, match.device) in claimed:
                first = claimed[match.urn, match.device]
                match = None if match.by != "serial" and _differs(device, first) else match
                if match is not None:
                    raise _Wrong("", f"is {match.device.asset} as row {first.row} is; the list has one device twice")
            if match is None:
                added.append((device, _new(device, defaults)))
                continue
            others = finder.elsewhere(device)
            if match.by != "serial" and others:
                message = f"is {match.device.asset} by its {match.by}, and by its serial a device of school {others[0]}"
                raise _Wrong("serial", f"{message}; take one of the two out, and import again")
            claimed[match.urn, match.device] = device
            after = _merged(match.device, device, match, listed.kind == PLAIN)
            note = _note(match, after)
            if match.urn != urn:
                moved.append(Moved(match.device, after, device.row, match.by, note, match.urn))
            elif differences(match.device, after):
                changed.append(Changed(match.device, after, device.row, match.by, note))
        except _Wrong as wrong:
            problems.append(Problem(listed.file, wrong.message, device.row, wrong.column))
    own = tuple(schools.get(urn, ()))
    gone = {(match.urn, match.device): left for left in listed.left_out if (match := finder.find(left.device))}
    missing = [
        Missing(device, gone[urn, device].reason if (urn, device) in gone else "")
        for device in own
        if (urn, device) not in claimed
    ]
    added.sort(key=lambda pair: pair[0].row)
    changed.sort(key=lambda change: change.row)
    result = Plan(
        urn,
        tuple(added),
        tuple(changed),
        tuple(moved),
        (),
        tuple(missing),
        twice,
        listed.left_out,
        (),
        removes,
        schools,
    )
    result, clashes = _without_clashes(result, listed.file)
    touched = {change.before for change in result.changed} | {entry.device for entry in missing}
    return replace(
        result,
        unchanged=tuple(device for device in own if device not in touched),
        problems=tuple(sorted((*problems, *clashes), key=lambda problem: problem.row or 0)),
    )


def differences(before: DeviceRow, after: DeviceRow) -> tuple[Change, ...]:
    """The fields in which two rows differ, as they stand in the file."""
    pairs = ((name, str(getattr(before, name) or ""), str(getattr(after, name) or "")) for name in FIELDS)
    return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])


class _Wrong(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def _merged(device: DeviceRow, listed: Listed, match: Match, plain_sheet: bool) -> DeviceRow:
    """The device with what the list says of it. An empty cell says nothing; a guess is for new devices only."""
    new: dict[str, Any] = {}
    for name, value in listed.values.items():
        if name in OURS and getattr(device, name) and not plain_sheet:
            continue
        if not _same(name, str(getattr(device, name) or ""), value):
            new[name] = _typed(name, value)
    if match.by != "name" and "host" not in listed.values and listed.name and label(listed.name) != label(device.host):
        new["host"] = listed.name
    return replace(device, **new)


def _same(name: str, before: str, after: str) -> bool:
    if name == "serial":
        return serial_of(before) == serial_of(after)
    # Windows writes names in capitals and DNS does not; evidence is filed under the tag as it stands in the file.
    return before.casefold() == after.casefold() if name in ("asset", "host", "address") else before == after


def _new(listed: Listed, defaults: Defaults) -> DeviceRow:
    """A device that was not known. Raises _Wrong for what neither the list nor the command says."""
    fields = {**listed.guessed, **listed.values}
    asset = fields.get("asset") or listed.name or fields.get("host") or fields.get("serial", "")
    if not ASSET.match(asset):
        raise _Wrong("asset", f"{quoted(asset)} cannot be its asset tag: 1 to 64 letters, digits, blanks, dots, dashes")
    platform = fields.get("platform") or defaults.platform
    if not platform:
        raise _Wrong("platform", "is said nowhere; add a column, or give --platform for those that do not say")
    other = platform == Platform.OTHER
    form = fields.get("form") or defaults.form or (Form.PORTABLE if other else "")
    if not form:
        raise _Wrong("form", "is said nowhere, and its model does not tell; add a column, or give --form")
    server = form == Form.SERVER
    if form != Form.PORTABLE and "role" not in listed.values and fields.get("role") == Role.STAFF_PORTABLE:
        del fields["role"]  # guessed from "Staff" as those who use it, which no desktop's role is
    role = fields.get("role") or (Role.SERVER if server else defaults.role) or (Role.PUPIL_SHARED if other else "")
    if not role:
        raise _Wrong(
            "role", "is said nowhere in words known here; add a column, or give --role for those that do not say"
        )
    return DeviceRow(
        asset=asset,
        host=fields.get("host") or listed.name or asset.replace(" ", "-").rstrip("._-"),
        platform=cast(Platform, _typed("platform", str(platform))),
        form=cast(Form, _typed("form", str(form))),
        role=cast(Role, _typed("role", str(role))),
        level=cast(Level, _typed("level", fields["level"])) if fields.get("level") else None,
        address=fields.get("address", ""),
        serial=fields.get("serial", ""),
        notes=fields.get("notes", ""),
    )


def _typed(name: str, value: str) -> Any:
    return parse_value(name, value) if name in ("platform", "form", "role", "level") else value


def _note(match: Match, after: DeviceRow) -> str:
    before = match.device
    if match.by != "serial" and before.serial and serial_of(before.serial) != serial_of(after.serial):
        return (
            "its serial is new, so this is another machine under the old name: if so, take its entry out of the "
            "school's pins.json (docs/evidence.md)"
        )
    return "its evidence until now stays under the old asset tag" if before.asset != after.asset else ""


def _differs(one: Listed, other: Listed) -> bool:
    """True for two rows of the list that say of themselves that they are two devices."""
    pairs = zip(_marks(one), _marks(other), strict=True)
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def _marks(listed: Listed) -> tuple[str, str, str]:
    fields = listed.values
    name = fields.get("host") or listed.name
    return serial_of(fields.get("serial", "")) or "", fields.get("asset", "").casefold(), label(name) if name else ""


def _without_clashes(plan: Plan, file: str) -> tuple[Plan, list[Problem]]:
    """The plan without what would leave two devices of the school with one tag, host, serial or address.

    A device that is not changed after all keeps what it had, which may clash once more.
    """
    problems: list[Problem] = []
    while True:
        planned: list[tuple[Any, int, DeviceRow]] = [
            *((change, change.row, change.after) for change in (*plan.changed, *plan.moved)),
            *((pair, pair[0].row, pair[1]) for pair in plan.added),
        ]
        seen = {key: device for device in _staying(plan) for key in _keys(device)}
        out = set()
        for entry, row, after in planned:
            clash = next((key for key in _keys(after) if key in seen), None)
            if clash is None:
                seen.update(dict.fromkeys(_keys(after), after))
                continue
            out.add(id(entry))
            value = quoted(str(getattr(after, clash[0])))
            message = f"{value} is that of {seen[clash].asset} already; the row is left out"
            problems.append(Problem(file, message, row, clash[0]))
        if not out:
            return plan, problems
        plan = replace(
            plan,
            added=tuple(entry for entry in plan.added if id(entry) not in out),
            changed=tuple(change for change in plan.changed if id(change) not in out),
            moved=tuple(move for move in plan.moved if id(move) not in out),
        )


def _staying(plan: Plan) -> list[DeviceRow]:
    """The devices of the school that stay as they are."""
    gone = {change.before for change in plan.changed}
    if plan.removes:
        gone |= {entry.device for entry in plan.missing}
    return [device for device in plan.schools.get(plan.urn, ()) if device not in gone]


def _keys(device: DeviceRow) -> list[tuple[str, str]]:
    keys = [(name, getattr(device, name).casefold()) for name in ("asset", "host", "address") if getattr(device, name)]
    serial = serial_of(device.serial)
    return [*keys, ("serial", serial)] if serial else keys
