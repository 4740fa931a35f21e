"""What the import of a list of devices would change in an estate, field by field, before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from leeboard.estate.devices import DeviceRow
from leeboard.estate.importing.devices import PLAIN, DeviceList, LeftOut, Listed
from leeboard.estate.importing.matching import Finder, Match, Twice, label, once, serial_of
from leeboard.estate.importing.problems import quoted
from leeboard.estate.words import meant
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
        """The fields that differ."""
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
        after = {one.before: one.after for one in self.changed}
        gone = {one.device for one in self.missing} if self.removes else set()
        own = [after.get(one, one) for one in self.schools.get(self.urn, ()) if one not in gone]
        own += [replace(one.after, row=0) for one in self.moved] + [device for _, device in self.added]
        result = {self.urn: tuple(own)}
        for urn in {one.urn for one in self.moved}:
            left = {one.before for one in self.moved if one.urn == urn}
            result[urn] = tuple(one for one in self.schools[urn] if one not in left)
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
    matches = [(one, finder.find(one)) for one in devices]
    for one, match in sorted(matches, key=lambda pair: pair[1] is None or pair[1].by != "serial"):
        try:
            if match is not None and (match.urn, match.device) in claimed:
                first = claimed[match.urn, match.device]
                match = None if match.by != "serial" and _differs(one, first) else match
                if match is not None:
                    raise _Wrong("", f"is {match.device.asset} as row {first.row} is; the list has one device twice")
            if match is None:
                added.append((one, _new(one, defaults)))
                continue
            others = finder.elsewhere(one)
            if match.by != "serial" and others:
                words = f"is {match.device.asset} by its {match.by}, and by its serial a device of school {others[0]}"
                raise _Wrong("serial", f"{words}; take one of the two out, and import again")
            claimed[match.urn, match.device] = one
            after = _merged(match.device, one, match, listed.kind == PLAIN)
            note = _note(match, after)
            if match.urn != urn:
                moved.append(Moved(match.device, after, one.row, match.by, note, match.urn))
            elif differences(match.device, after):
                changed.append(Changed(match.device, after, one.row, match.by, note))
        except _Wrong as wrong:
            problems.append(Problem(listed.file, wrong.words, one.row, wrong.column))
    own = tuple(schools.get(urn, ()))
    gone = {(match.urn, match.device): left for left in listed.left_out if (match := finder.find(left.device))}
    missing = [
        Missing(one, gone[urn, one].reason if (urn, one) in gone else "") for one in own if (urn, one) not in claimed
    ]
    added.sort(key=lambda pair: pair[0].row)
    changed.sort(key=lambda one: one.row)
    found = Plan(
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
    found, clashes = _without_clashes(found, listed.file)
    kept = {one.before for one in found.changed} | {one.device for one in missing}
    return replace(
        found,
        unchanged=tuple(one for one in own if one not in kept),
        problems=tuple(sorted((*problems, *clashes), key=lambda one: one.row or 0)),
    )


def differences(before: DeviceRow, after: DeviceRow) -> tuple[Change, ...]:
    """The fields in which two rows differ, as they stand in the file."""
    pairs = ((name, str(getattr(before, name) or ""), str(getattr(after, name) or "")) for name in FIELDS)
    return tuple(Change(*one) for one in pairs if one[1] != one[2])


class _Wrong(Exception):
    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column
        self.words = words


def _merged(device: DeviceRow, listed: Listed, match: Match, plain_sheet: bool) -> DeviceRow:
    """The device with what the list says of it. An empty cell says nothing; a guess is for new devices only."""
    new: dict[str, Any] = {}
    for name, value in listed.said.items():
        if name in OURS and getattr(device, name) and not plain_sheet:
            continue
        if not _same(name, str(getattr(device, name) or ""), value):
            new[name] = _typed(name, value)
    if match.by != "name" and "host" not in listed.said and listed.name and label(listed.name) != label(device.host):
        new["host"] = listed.name
    return replace(device, **new)


def _same(name: str, before: str, after: str) -> bool:
    if name == "serial":
        return serial_of(before) == serial_of(after)
    # Windows writes names in capitals and DNS does not; evidence is filed under the tag as it stands in the file.
    return before.casefold() == after.casefold() if name in ("asset", "host", "address") else before == after


def _new(listed: Listed, defaults: Defaults) -> DeviceRow:
    """A device that was not known. Raises _Wrong for what neither the list nor the command says."""
    said = {**listed.guessed, **listed.said}
    asset = said.get("asset") or listed.name or said.get("host") or said.get("serial", "")
    if not ASSET.match(asset):
        raise _Wrong("asset", f"{quoted(asset)} cannot be its asset tag: 1 to 64 letters, digits, blanks, dots, dashes")
    platform = said.get("platform") or defaults.platform
    if not platform:
        raise _Wrong("platform", "is said nowhere; add a column, or give --platform for those that do not say")
    other = platform == Platform.OTHER
    form = said.get("form") or defaults.form or (Form.PORTABLE if other else "")
    if not form:
        raise _Wrong("form", "is said nowhere, and its model does not tell; add a column, or give --form")
    server = form == Form.SERVER
    role = said.get("role") or (Role.SERVER if server else defaults.role) or (Role.PUPIL_SHARED if other else "")
    if not role:
        raise _Wrong("role", "is said nowhere; add a column, or give --role for those that do not say")
    return DeviceRow(
        asset=asset,
        host=said.get("host") or listed.name or asset.replace(" ", "-").rstrip("._-"),
        platform=cast(Platform, _typed("platform", str(platform))),
        form=cast(Form, _typed("form", str(form))),
        role=cast(Role, _typed("role", str(role))),
        level=cast(Level, _typed("level", said["level"])) if said.get("level") else None,
        address=said.get("address", ""),
        serial=said.get("serial", ""),
        notes=said.get("notes", ""),
    )


def _typed(name: str, value: str) -> Any:
    return meant(name, value) if name in ("platform", "form", "role", "level") else value


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
    said = listed.said
    name = said.get("host") or listed.name
    return serial_of(said.get("serial", "")) or "", said.get("asset", "").casefold(), label(name) if name else ""


def _without_clashes(found: Plan, file: str) -> tuple[Plan, list[Problem]]:
    """The plan without what would leave two devices of the school with one tag, host, serial or address.

    A device that is not changed after all keeps what it had, which may clash once more.
    """
    problems: list[Problem] = []
    while True:
        planned: list[tuple[Any, int, DeviceRow]] = [
            *((one, one.row, one.after) for one in (*found.changed, *found.moved)),
            *((pair, pair[0].row, pair[1]) for pair in found.added),
        ]
        seen = {key: one for one in _staying(found) for key in _keys(one)}
        out = set()
        for entry, row, after in planned:
            clash = next((key for key in _keys(after) if key in seen), None)
            if clash is None:
                seen.update(dict.fromkeys(_keys(after), after))
                continue
            out.add(id(entry))
            given = quoted(str(getattr(after, clash[0])))
            words = f"{given} is that of {seen[clash].asset} already; the row is left out"
            problems.append(Problem(file, words, row, clash[0]))
        if not out:
            return found, problems
        found = replace(
            found,
            added=tuple(one for one in found.added if id(one) not in out),
            changed=tuple(one for one in found.changed if id(one) not in out),
            moved=tuple(one for one in found.moved if id(one) not in out),
        )


def _staying(found: Plan) -> list[DeviceRow]:
    """The devices of the school that stay as they are."""
    gone = {one.before for one in found.changed}
    if found.removes:
        gone |= {one.device for one in found.missing}
    return [one for one in found.schools.get(found.urn, ()) if one not in gone]


def _keys(one: DeviceRow) -> list[tuple[str, str]]:
    keys = [(name, getattr(one, name).casefold()) for name in ("asset", "host", "address") if getattr(one, name)]
    serial = serial_of(one.serial)
    return [*keys, ("serial", serial)] if serial else keys
