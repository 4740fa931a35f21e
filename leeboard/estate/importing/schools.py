"""What the register would change in a school's `school.yml`, and the file with it, comments and order kept. Pure."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString

from leeboard.errors import LeeboardError
from leeboard.estate.importing.plan import Change
from leeboard.estate.importing.register import Link, RegisterSchool
from leeboard.estate.settings import PLUGIN, SchoolFile, read_school_file
from leeboard.model.enums import Level
from leeboard.model.problem import Problem
from leeboard.storage.yaml_writer import roundtrip

NO_LEVEL = "estate.yml says no level; give --level standard, sensitive or high"
ORDER = ("plugin", "urn", "name", "phase", "laestab", "predecessors")


@dataclass(frozen=True)
class Known:
    """A school that the estate has: its folder, what its school.yml says, and the file's bytes."""

    folder: Path
    settings: SchoolFile
    content: bytes


@dataclass(frozen=True)
class SchoolPlan:
    """What becomes of one school. `action` is new, changed, reopened (under a new URN, in its folder) or unchanged.

    `content` is the new school.yml and `before` the old one, None without any. The pins of `inherits` go on.
    """

    action: str
    urn: str
    name: str
    folder: Path
    content: bytes
    before: bytes | None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What the command adds to the register: a phase or level that it lacks, and whose successor the school is."""

    phase: str = ""
    level: Level | None = None
    level_needed: bool = False
    successor_of: tuple[str, ...] = ()


def plan_school(
    school: RegisterSchool,
    known: Mapping[str, Known],
    links: Collection[Link],
    estate: Path,
    options: Options = Options(),
) -> SchoolPlan:
    """What the register's entry changes. `known` are the estate's schools by URN. Raises LeeboardError."""
    own = [link for link in links if link.urn == school.urn]
    before = tuple(dict.fromkeys((*options.successor_of, *(link.before for link in own))))
    if school.urn in before:
        raise LeeboardError(f"--successor-of {school.urn}: a school cannot be its own predecessor; give the old URN")
    notes = list(_notes(school, known, before))
    known_before = [urn for urn in before if urn in known]
    if school.urn in known:
        old = known[school.urn]
        action = "changed"
    elif len(known_before) == 1 and len(before) == 1 and all(link.alone for link in own):
        old_urn = known_before[0]
        old = known[old_urn]
        action = "reopened"
        notes.append(
            f"{old.settings.name} ({old_urn}) reopens as {school.name} ({school.urn}) in the folder {old.folder.name}: "
            f"its evidence stays under {old_urn} and its history goes on; the group school_{old_urn} becomes "
            f"school_{school.urn}"
        )
    else:
        return _new(school, before, estate, options, notes)
    changes = _changes(school, old.settings, before, options)
    if not changes:
        return SchoolPlan("unchanged", school.urn, school.name, old.folder, old.content, old.content, (), tuple(notes))
    content = edited(
        old.content, {change.field: change.after for change in changes}, before, str(old.folder / "school.yml")
    )
    return SchoolPlan(action, school.urn, school.name, old.folder, content, old.content, changes, tuple(notes), before)


def edited(content: bytes, values: Mapping[str, str], before: Collection[str], file: str) -> bytes:
    """A school.yml with new values, all else as it was. Raises LeeboardError when that cannot be made sure of."""
    wanted = "; ".join(f"{key}: {value}" for key, value in values.items())
    by_hand = f"{file}: cannot be changed without touching something else; change it by hand ({wanted})"
    try:
        text = content.decode("utf-8-sig")
        yaml = roundtrip(text)
        data = yaml.load(text)
        old = read_school_file(content, file)
        if not isinstance(data, CommentedMap) or isinstance(old, Problem):
            raise LeeboardError(by_hand)
        for key, value in values.items():
            _put(data, key, _predecessors(data, value) if key == "predecessors" else _like(data.get(key), value))
        written = io.StringIO()
        yaml.dump(data, written)
    except (YAMLError, ValueError, TypeError, KeyError, RecursionError):
        raise LeeboardError(by_hand) from None
    result = written.getvalue()
    if "\r\n" in text:
        result = result.replace("\n", "\r\n")
    new = read_school_file(result.encode(), file)
    update: dict[str, Any] = {key: value for key, value in values.items() if key != "predecessors"}
    if "predecessors" in values:
        update["predecessors"] = tuple(values["predecessors"].split(", "))
    if isinstance(new, Problem) or new.model_dump() != old.model_copy(update=update).model_dump():
        raise LeeboardError(by_hand)
    return result.encode()


def _new(
    school: RegisterSchool, before: tuple[str, ...], estate: Path, options: Options, notes: list[str]
) -> SchoolPlan:
    phase = options.phase or school.phase
    if not phase:
        raise LeeboardError(
            f"{school.name} ({school.urn}): the register says no phase that is known here "
            f"(type {school.kind or 'not said'}); give --phase"
        )
    if options.level is None and options.level_needed:
        raise LeeboardError(NO_LEVEL)
    data: dict[str, Any] = {
        "plugin": PLUGIN,
        "urn": DoubleQuotedScalarString(school.urn),
        "name": school.name,
        "phase": phase,
    }
    if school.laestab:
        data["laestab"] = DoubleQuotedScalarString(school.laestab)
    if before:
        data["predecessors"] = _flow(before)
    if options.level:
        data["level"] = str(options.level)
    written = io.StringIO()
    roundtrip("").dump(data, written)
    shown = {**{key: str(value) for key, value in data.items()}, "predecessors": ", ".join(before)}
    changes = tuple(Change(key, "", shown[key]) for key in (*ORDER[1:], "level") if shown.get(key))
    folder = estate / slug(school.name, school.urn)
    content = written.getvalue().encode()
    problem = read_school_file(content, str(folder / "school.yml"))
    if isinstance(problem, Problem):
        raise LeeboardError(f"{school.urn}: the register's entry makes no school.yml: {problem}")
    return SchoolPlan("new", school.urn, school.name, folder, content, None, changes, tuple(notes), before)


def slug(name: str, urn: str) -> str:
    """A folder's name for a school: its name in small letters and dashes, and its URN, so that no two are the same."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    return f"{re.sub(r'[^a-z0-9]+', '-', plain).strip('-')[:50].strip('-') or 'school'}-{urn}"


def _changes(school: RegisterSchool, old: SchoolFile, before: tuple[str, ...], options: Options) -> tuple[Change, ...]:
    earlier = list(old.predecessors)
    if old.urn != school.urn:
        earlier.append(old.urn)
    earlier += [urn for urn in before if urn not in earlier]
    pairs = (
        ("urn", old.urn, school.urn),
        ("name", old.name, school.name),
        ("phase", old.phase, options.phase or school.phase or old.phase),
        ("laestab", old.laestab, school.laestab or old.laestab),
        ("predecessors", ", ".join(old.predecessors), ", ".join(urn for urn in earlier if urn != school.urn)),
    )
    same_laestab = old.laestab.replace("/", "") == school.laestab.replace("/", "")
    return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2] and not (pair[0] == "laestab" and same_laestab))


def _notes(school: RegisterSchool, known: Mapping[str, Known], before: tuple[str, ...]) -> list[str]:
    notes = []
    if school.is_closed:
        day = f" on {school.closed.day} {school.closed:%B %Y}" if school.closed else ""
        notes.append(
            f"the register says that {school.name} ({school.urn}) closed{day}; if it reopened under another URN, "
            "import that one with --links, or with --successor-of"
        )
    elif school.status.casefold() != "open":
        notes.append(f"the register says of {school.name} ({school.urn}): {school.status}")
    others = [urn for urn in before if urn in known]
    if school.urn in known and others:
        notes.append(
            f"{', '.join(others)} still has a folder of its own: move its devices by importing their list into "
            f"{school.urn}, then take the folder away"
        )
    elif len(others) > 1:
        notes.append(
            f"{' and '.join(others)} go on in {school.urn}: a folder of its own is made, and their devices come into "
            "it by importing their lists"
        )
    return notes


def _put(data: CommentedMap, key: str, value: Any) -> None:
    if key in data:
        data[key] = value
        return
    above = [name for name in ORDER[: ORDER.index(key)] if name in data]
    data.insert(list(data).index(above[-1]) + 1 if above else 0, key, value)


def _like(old: Any, value: str) -> Any:
    """A value written as the old one was; digits are text to us and get quotes."""
    if isinstance(old, ScalarString):
        return type(old)(value)
    return DoubleQuotedScalarString(value) if value[:1].isdigit() else value


def _predecessors(data: CommentedMap, value: str) -> Any:
    old = data.get("predecessors")
    if not isinstance(old, CommentedSeq):
        return _flow(value.split(", "))
    for urn in value.split(", ")[len(old) :]:
        old.append(DoubleQuotedScalarString(urn))
    return old


def _flow(urns: Collection[str]) -> CommentedSeq:
    sequence = CommentedSeq(DoubleQuotedScalarString(urn) for urn in urns)
    sequence.fa.set_flow_style()
    return sequence
