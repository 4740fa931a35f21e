"""Read one YAML file of a baseline: its data, and the line of every key, so that a problem can name its place.

The YAML is the plain part of YAML 1.2: `true` and `false`, `null`, whole numbers, text, lists and mappings. `off`,
`no`, dates and numbers with a leading zero stay text (YAML 1.1 would make `mode: off` a switch and `0644` 420).
Anchors, tags and keys given twice are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 40
WHOLE_NUMBER = re.compile(r"(0|-?[1-9][0-9]{0,18})\Z")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
# Thirteen times faster where PyYAML was built with libyaml.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong with a baseline, and where. `key` reads like `LCK-01.idle-delay.accept.value`."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.message}"


@dataclass(frozen=True)
class Document:
    """One file as it was read. `data` is None when it could not be read at all; `problems` then says why."""

    file: str
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(self, path: Path, message: str, missing: str = "", line: int = 0) -> Problem:
        """A problem at `path`, or at as much of it as the file has; `line` if it lies elsewhere.

        `missing` names a key that should be below the path.
        """
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        key = ".".join(part for part in (self._name(known), missing) if part)
        return Problem(self.file, line or self.lines.get(known, 1), key, message)

    def _name(self, path: Path) -> str:
        """A path as people say it: items of a list by their id, and `controls` and `settings` left out."""
        names: list[str] = []
        node = self.data
        for step in path:
            node = node[step]
            if isinstance(step, int):
                named = isinstance(node, dict) and isinstance(node.get("id"), str)
                names.append(node["id"] if named else f"{names.pop() if names else ''}[{step}]")
            else:
                names.append(step)
        # A list whose items have names adds nothing to them.
        return ".".join([word for word in names[:-1] if word not in ("controls", "settings")] + names[-1:])


class _Refused(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def document(file: str, content: bytes) -> Document:
    """The document in `content`; `file` is the name that problems show. Raises nothing: what is wrong is in it."""
    if len(content) > MOST_BYTES:
        return _broken(file, 1, f"is larger than {MOST_BYTES // 1024} KiB, which no baseline file is; split it")
    reader = _Reader()
    try:
        data = reader.read(yaml.parse(content.decode("utf-8"), Loader=LOADER))
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        return _broken(file, line, "is not UTF-8 text; save it as UTF-8")
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        return _broken(file, getattr(mark, "line", 0) + 1, f"is not YAML: {problem.problem or problem.context}")
    except yaml.YAMLError as problem:
        return _broken(file, 1, f"is not YAML: {' '.join(str(problem).split())[:200]}")
    except _Refused as problem:
        return _broken(file, problem.line, str(problem))
    parsed = Document(file, data, reader.lines)
    problems = tuple(
        parsed.problem(path, f"is given twice; it stands in line {first} as well", key, line)
        for path, key, first, line in reader.twice
    )
    return replace(parsed, problems=problems)


def _broken(file: str, line: int, message: str) -> Document:
    return Document(file, None, {}, (Problem(file, line, "", message),))


class _Reader:
    """Builds data from YAML events, keeping lines."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.twice: list[tuple[Path, str, int, int]] = []

    def read(self, events: Iterator[Any]) -> Any:
        """The data of the first and only document."""
        data: Any = None
        seen = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _Refused(_line(event), "holds a second document; one file is one document")
                seen = True
                first = next(events)
                if not isinstance(first, yaml.DocumentEndEvent):
                    data = self._node(first, events, ())
        return data

    def _node(self, event: Any, events: Iterator[Any], path: Path) -> Any:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(line, "uses an anchor or alias; write the value out")
        if getattr(event, "tag", None) is not None:
            raise _Refused(line, f"uses the tag {event.tag}; only plain values may stand here")
        if len(path) > MOST_DEPTH:
            raise _Refused(line, f"is nested deeper than {MOST_DEPTH} levels")
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _sequence(self, events: Iterator[Any], path: Path) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.value == "<<":
                raise _Refused(line, "has a key that is not a plain word")
            key = event.value
            value = next(events)
            if key in mapping:
                self.twice.append((path, key, self.lines[(*path, key)], line))
                _Reader()._node(value, events, ())  # read past it
                continue
            self.lines[(*path, key)] = line
            mapping[key] = self._node(value, events, (*path, key))
        return mapping


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: Any) -> bool | int | str | None:
    value: str = event.value
    if event.style not in (None, ""):
        return value
    if value in WORDS:
        return WORDS[value]
    return int(value) if WHOLE_NUMBER.match(value) else value
