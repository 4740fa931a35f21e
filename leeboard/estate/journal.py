"""The journal of a school: who let what be changed there, who accepted which risk, and what was edited by hand.

Lines of JSON in `var/schools/URN.jsonl`, added and never changed. The header of each bundle has an anchor: how many
lines there were, and their hash. So `leeboard verify` finds a line that was taken out or changed later.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PlainSerializer, StrictBool, ValidationError, model_validator

from leeboard.errors import LeeboardError
from leeboard.model.run_id import stamp
from leeboard.model.strict import Strict, first_mistake
from leeboard.model.waiver import Waiver
from leeboard.storage import files, strict_json

MOST_BYTES = 64 * 1024 * 1024
MOST_LINES = 500_000
MOST_LINE_BYTES = 4 * 1024 * 1024
MOST_PROBLEMS = 10  # that are told of one by one

Moment = Annotated[AwareDatetime, PlainSerializer(stamp)]
Words = Annotated[str, Field(max_length=1000)]


class Anchor(Strict):
    """How many lines a journal had, and the SHA-256 of all of them, their ends included."""

    lines: Annotated[int, Field(ge=1, le=2**53, strict=True)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class EnforceLine(Strict):
    """A family was switched on or off: by whose word, or found so by a `run` after somebody edited a file."""

    at: Moment
    kind: Literal["enforce"]
    family: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    on: StrictBool
    by: Words
    since: date | None = None
    how: Literal["switch", "by hand"] = "switch"
    run: Words = ""


class WaiverLine(Strict):
    """A waiver as it stands since, whole; None where it was taken out. `by` is the account that did it."""

    at: Moment
    kind: Literal["waivers"]
    id: Words
    how: Literal["new", "pin", "end", "by hand"]
    by: Words
    waiver: Waiver | None
    reason: Words = ""
    run: Words = ""

    @model_validator(mode="after")
    def _one_id(self) -> WaiverLine:
        if self.waiver is not None and self.waiver.id != self.id:
            raise ValueError("the waiver has another id")
        return self


Line = EnforceLine | WaiverLine
KINDS: dict[str, type[Line]] = {"enforce": EnforceLine, "waivers": WaiverLine}


@dataclass
class Journal:
    """What a journal says, after any number of its lines. `problems` has one for each line that makes no sense."""

    problems: list[str] = field(default_factory=list)
    _digests: list[bytes] = field(default_factory=list)  # of the first line, the first two, ...
    _families: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)  # since which line
    _waivers: dict[str, list[tuple[int, Waiver | None]]] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """How many whole lines it has."""
        return len(self._digests)

    @property
    def anchor(self) -> Anchor | None:
        """All of it as it stands; None before the first line."""
        return Anchor(lines=self.lines, sha256=self._digests[-1].hex()) if self._digests else None

    def holds(self, anchor: Anchor) -> bool:
        """True when its first lines are those that the anchor names."""
        return anchor.lines <= self.lines and self._digests[anchor.lines - 1].hex() == anchor.sha256

    def is_on(self, family: str, lines: int | None = None) -> bool:
        """True when a family is on, by the first `lines` of it (None: by all)."""
        return bool(_last(self._families.get(family, []), lines))

    def waiver(self, id: str, lines: int | None = None) -> Waiver | None:
        """The waiver of this id as it stands by the first `lines` of it (None: by all); None where there is none."""
        return _last(self._waivers.get(id, []), lines)

    @property
    def families(self) -> Collection[str]:
        """The families that are on."""
        return {family for family in self._families if self.is_on(family)}

    @property
    def waivers(self) -> Collection[Waiver]:
        """The waivers that it has now."""
        return [waiver for id in self._waivers if (waiver := self.waiver(id)) is not None]

    def _take(self, line: Line) -> None:
        """Take in the line that was read last."""
        if isinstance(line, EnforceLine):
            self._families.setdefault(line.family, []).append((self.lines, line.on))
        else:
            self._waivers.setdefault(line.id, []).append((self.lines, line.waiver))


def path_of(var: Path, urn: str) -> Path:
    """A school's journal."""
    return var / "schools" / f"{urn}.jsonl"


def read(var: Path, urn: str) -> Journal:
    """A school's journal; an empty one where there is none. Raises LeeboardError where the file cannot be read.

    What follows the last line end was torn off when its writer died, and is no line.
    """
    path = path_of(var, urn)
    found, digest, wrong = Journal(), hashlib.sha256(), 0
    *lines, _torn = (files.read_regular(path, MOST_BYTES) or b"").split(b"\n", MOST_LINES + 1)
    if len(lines) > MOST_LINES:
        raise LeeboardError(f"{path}: has more than {MOST_LINES} lines, more than is ever written")
    for number, raw in enumerate(lines, 1):
        digest.update(raw + b"\n")
        found._digests.append(digest.digest())
        try:
            found._take(_read_line(raw))
        except ValueError as problem:
            wrong += 1
            if wrong <= MOST_PROBLEMS:
                found.problems.append(f"{path}, line {number}: {problem}")
    if wrong > MOST_PROBLEMS:
        found.problems.append(f"{path}: {wrong - MOST_PROBLEMS} more of its lines make no sense")
    return found


def lines_of(var: Path, urn: str) -> list[Line]:
    """The lines of a school's journal that make sense, in their order; what does not, `read` names.

    Raises LeeboardError where the file cannot be read.
    """
    *lines, _torn = (files.read_regular(path_of(var, urn), MOST_BYTES) or b"").split(b"\n", MOST_LINES + 1)
    found = []
    for raw in lines:
        with suppress(ValueError):
            found.append(_read_line(raw))
    return found


def add(var: Path, urn: str, lines: Callable[[Journal], Iterable[Line]]) -> Journal:
    """Add lines, which may follow from what the journal says; on the disk when this returns. The journal after it.

    Whoever else adds to it waits. Raises LeeboardError, and nothing was added then.
    """
    path = path_of(var, urn)
    files.make_folder(path.parent)
    with files.locked(path):
        kept = read(var, urn)
        content = b"".join(_written(line) for line in lines(kept))
        if not content:
            return kept
        try:
            _append(path, content)
        except OSError as problem:
            raise LeeboardError(f"{path}: cannot be written: {problem.strerror}; nothing was changed") from None
        return read(var, urn)


def _append(path: Path, content: bytes) -> None:
    """Add whole lines after the last whole one: what a dead writer or a full disk left of one is cut off."""
    with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC), "r+b", buffering=0) as file:
        end = file.readall().rfind(b"\n") + 1
        file.truncate(end)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise
    files.sync_folder(path.parent)


def _written(line: Line) -> bytes:
    content = strict_json.dumps(line.model_dump(mode="json", exclude_defaults=True)).encode() + b"\n"
    if len(content) > MOST_LINE_BYTES:
        raise LeeboardError(f"a line of the journal would have {len(content)} bytes; name fewer devices in one waiver")
    return content


def _read_line(raw: bytes) -> Line:
    """The line in these bytes. Raises ValueError saying what is wrong with it, in printable words."""
    if len(raw) > MOST_LINE_BYTES:
        raise ValueError("is longer than is ever written")
    try:
        said = strict_json.loads(raw)
    except ValueError as problem:
        raise ValueError(f"is not JSON ({ascii(str(problem))[:80]})") from None
    if not isinstance(said, dict):
        raise ValueError("is no object")
    kind = said.setdefault("kind", "enforce")  # an older Leeboard wrote no other lines
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ValueError("is of no known kind")
    try:
        return model.model_validate(said)
    except ValidationError as problem:
        place, wrong = first_mistake(problem, "the line")
        raise ValueError(f"makes no sense at {place}: {ascii(wrong)[1:-1]}") from None


def _last[Said](history: Sequence[tuple[int, Said]], lines: int | None) -> Said | None:
    """What was said last within the first `lines`; None where nothing was."""
    until = len(history) if lines is None else bisect_right(history, lines, key=itemgetter(0))
    return history[until - 1][1] if until else None
