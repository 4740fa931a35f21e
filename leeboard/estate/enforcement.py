"""The ramp: which families of controls may be changed at a school, since when, and by whose word.

`enforce` in `school.yml` is what counts. Who switched what on or off is also kept in the school's journal, one line
each, so that a line which somebody took out of the file is not forgotten.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from leeboard.errors import LeeboardError
from leeboard.estate.journal import EnforceLine
from leeboard.estate.settings import Enforcement, SchoolFile, read_school_file
from leeboard.model.problem import Problem
from leeboard.storage.yaml_writer import roundtrip

KEY = "enforce"


@dataclass(frozen=True)
class Switch:
    """A request to switch a family of a school on or off."""

    urn: str
    family: str
    on: bool
    by: str
    day: date


def since(settings: SchoolFile, family: str) -> Enforcement | None:
    """The entry that switches a family on, None where there is none."""
    return next((entry for entry in settings.enforce if entry.family == family), None)


def switched(content: bytes, switch: Switch, file: str) -> bytes:
    """A school.yml in which a family is on or off, all else as it was.

    Raises LeeboardError when that cannot be made sure of.
    """
    by_hand = f"{file}: cannot be changed without touching something else; change its list enforce by hand"
    old = read_school_file(content, file)
    if isinstance(old, Problem):
        raise LeeboardError(f"{old}; mend it first")
    others = tuple(entry for entry in old.enforce if entry.family != switch.family)
    line = Enforcement(family=switch.family, since=switch.day, by=switch.by)
    try:
        text = content.decode("utf-8-sig")
        yaml = roundtrip(text)
        data = yaml.load(text)
        _put(data, switch, [entry.family for entry in old.enforce])
        written = io.StringIO()
        yaml.dump(data, written)
    except (YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LeeboardError(by_hand) from None
    result = written.getvalue()
    if "\r\n" in text:
        result = result.replace("\n", "\r\n")
    new = read_school_file(result.encode(), file)
    wanted = old.model_copy(update={KEY: (*others, line) if switch.on else others})
    if isinstance(new, Problem) or new.model_dump() != wanted.model_dump():
        raise LeeboardError(by_hand)
    return result.encode()


def journal_line(switch: Switch, at: datetime) -> EnforceLine:
    """What the school's journal has of a switch."""
    return EnforceLine(at=at, kind="enforce", family=switch.family, on=switch.on, by=switch.by, since=switch.day)


def _put(data: Any, switch: Switch, families: list[str]) -> None:
    lines = data.get(KEY)
    if switch.on:
        line = CommentedMap({"family": switch.family, "since": switch.day, "by": switch.by})
        line.fa.set_flow_style()
        if lines is None:
            data[KEY] = lines = CommentedSeq()
        if not lines:
            lines.fa.set_block_style()
        lines.append(line)
        return
    del lines[families.index(switch.family)]
    if not lines:
        del data[KEY]
