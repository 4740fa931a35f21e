"""The configuration language of strongSwan (swanctl.conf, strongswan.conf): sections, references, includes, quotes.

Pure but for the host that the files are read from. The rules are those of settings_lexer.l and settings_parser.y of
strongSwan 6.0, tried with its charon: of several references the first one counts, a key that is set again replaces the
earlier one, a section that is opened again goes on, and `key =` without a value takes an inherited value away.
"""

from __future__ import annotations

import bisect
import posixpath
import re

from ...engine.host import HostError
from ...engine.reading import Machine
from ..files import glob

DEEPEST = 10  # includes within includes; strongSwan stops there as well
DEEPEST_SECTION = 50
MOST_TOKENS = 200_000
MOST_SECTIONS = 20_000  # after all references are followed; sections that inherit from each other grow without end
# Outside of values: comments, braces, and names, in which none of these characters may stand.
WORD = re.compile(r"[\t\r\n ]+|#[^\n]*|(?P<mark>[{}=:,.])|(?P<name>[^#{}:.,=\"\r\n\t ]+)|(?P<wrong>.)")
REFERENCE = re.compile(r"[\t\r\n ]+|#[^\n]*|(?P<comma>,)|(?P<name>[^#{}:.,=\"\r\n\t ]+(?:\.[^#{}:.,=\"\r\n\t ]+)*)")
INCLUDE = re.compile(r"include[\t ]+(?![=\t ])")
VALUE = re.compile(r"[\t\r ]+|(?P<end>[#}\n])|(?P<quote>\")|(?P<part>[^#}\"\r\n\t ]+)")
PATTERN = re.compile(r"(?P<end>[#}\n\t ])|(?P<quote>\")|\\(?P<escaped>[\"#} ])|(?P<part>\\|[^\"\\#}\r\n\t ]+)|\r")
QUOTED = re.compile(r"\\(?P<letter>[nrt])|\\\r?\n|\\(?P<other>.)|(?P<end>\")|(?P<part>[^\\\"]+)")


class Entry:
    """One `key = value`: its text (None when it takes the value away) and where it stands."""

    def __init__(self, text: str | None, path: str, line: int) -> None:
        self.text = text
        self.path = path
        self.place = f"{path}, line {line}"


class Section:
    """`keys` {name: Entry}, `sections` {name: Section} and the names of what is inherited, in the file's order."""

    def __init__(self, place: str = "") -> None:
        self.place = place
        self.keys: dict[str, Entry] = {}
        self.sections: dict[str, Section] = {}
        self.references: list[str] = []

    def text(self, key: str, otherwise: str = "") -> str:
        """The value of a key, or what counts when it is not set."""
        entry = self.keys.get(key)
        return otherwise if entry is None or entry.text is None else entry.text


class Parsed:
    """What a file and its includes say: `root`, the `files` that were read, and the `folders` that includes look in."""

    def __init__(self) -> None:
        self.root = Section()
        self.files: list[str] = []
        self.folders: list[str] = []
        self.tokens = 0


def parse(host: Machine, path: str) -> Parsed:
    """Read `path` with all that it includes. Raises FileNotFoundError, and HostError where strongSwan would stop."""
    parsed = Parsed()
    reader = _Reader(host, parsed)
    reader.file(path, 0)
    reader.finish()
    parsed.root = _resolved(parsed.root, parsed.root, path, [MOST_SECTIONS], 0)
    return parsed


class _Reader:
    """Tokens become sections. An include stands for the tokens of its files, so a section may go on after it."""

    def __init__(self, host: Machine, parsed: Parsed) -> None:
        self.host = host
        self.parsed = parsed
        self.open: list[Section] = [parsed.root]
        self.waiting: tuple[str, str] | None = None  # a name that waits for =, { or :, as (name, place)
        self._line_ends: dict[str, list[int]] = {}

    def file(self, path: str, depth: int) -> None:
        if depth > DEEPEST:
            raise HostError("malformed", f"{path} is included too deeply, perhaps by itself")
        text = self.host.text(path)
        self._line_ends[path] = [match.start() for match in re.finditer("\n", text)]
        self.parsed.files.append(path)
        at = 0
        while at < len(text):
            self.parsed.tokens += 1
            if self.parsed.tokens > MOST_TOKENS:
                raise HostError("too_large", f"{path} and what it includes hold more than {MOST_TOKENS} words")
            included = INCLUDE.match(text, at) if self.waiting is None else None
            if included and (at == 0 or text[at - 1] in "\t\r\n {}"):
                at = self._include(text, included.end(), path, depth)
                continue
            start, word = at, WORD.match(text, at)
            if word is None or word.group("wrong"):
                raise self._wrong(path, start, f"{text[start]!r} may not stand there")
            at = word.end()
            if word.group("name"):
                if self.waiting:
                    raise self._wrong(path, start, f"{self.waiting[0]} has neither a value nor a section")
                self.waiting = (word.group("name"), f"{path}, line {self._line(path, start)}")
            elif word.group("mark"):
                at = self._mark(word.group("mark"), path, text, start, at)

    def finish(self) -> None:
        if len(self.open) > 1:
            raise HostError("malformed", f"{self.open[-1].place}: the section is not closed, so nothing is loaded")
        if self.waiting:
            raise HostError("malformed", f"{self.waiting[1]}: {self.waiting[0]} has neither a value nor a section")

    def _mark(self, mark: str, path: str, text: str, start: int, at: int) -> int:
        if mark == "}":
            if self.waiting or len(self.open) == 1:
                raise self._wrong(path, start, "a section is closed that was not opened")
            self.open.pop()
            return at
        if self.waiting is None or mark in ",.":
            raise self._wrong(path, start, f"{mark!r} may not stand there")
        name, place = self.waiting
        references: list[str] = []
        if mark == "=":
            value, at = self._value(text, at, path)
            self.open[-1].keys[name] = Entry(value, path, self._line(path, start))
            self.waiting = None
            return at
        if mark == ":":
            references, at = self._references(text, at, path)
        section = self.open[-1].sections.setdefault(name, Section(place))
        section.references += [reference for reference in references if reference not in section.references]
        if len(self.open) > DEEPEST_SECTION:
            raise self._wrong(path, start, "sections are nested too deeply")
        self.open.append(section)
        self.waiting = None
        return at

    def _references(self, text: str, at: int, path: str) -> tuple[list[str], int]:
        names = []
        while at < len(text):
            word = REFERENCE.match(text, at)
            if word is None:
                break
            at = word.end()
            if word.group("name"):
                names.append(word.group("name"))
        if not names or text[at : at + 1] != "{":
            raise self._wrong(path, at, "after a colon come names of sections and a brace")
        return names, at + 1

    def _value(self, text: str, at: int, path: str) -> tuple[str | None, int]:
        parts = []
        while at < len(text):
            word = VALUE.match(text, at)
            if word is None or word.group("end"):
                break
            at = word.end()
            if word.group("quote"):
                quoted, at = self._quoted(text, at, path)
                parts.append(quoted)
            elif word.group("part"):
                parts.append(word.group("part"))
        return (" ".join(parts) if parts else None), at

    def _quoted(self, text: str, at: int, path: str) -> tuple[str, int]:
        start = at
        parts: list[str] = []
        while at < len(text):
            word = QUOTED.match(text, at)
            if word is None:
                break
            at = word.end()
            if word.group("end"):
                return "".join(parts).replace("\r", ""), at
            if word.group("letter"):
                parts.append({"n": "\n", "r": "\r", "t": "\t"}[word.group("letter")])
            else:
                parts.append(word.group("other") or word.group("part") or "")
        raise self._wrong(path, start, "a quotation mark is not closed")

    def _include(self, text: str, at: int, path: str, depth: int) -> int:
        start, parts = at, []
        while at < len(text):
            word = PATTERN.match(text, at)
            if word is None or word.group("end"):
                break
            at = word.end()
            if word.group("quote"):
                quoted, at = self._quoted(text, at, path)
                parts.append(quoted)
                break
            parts.append(word.group("escaped") or word.group("part") or "")
        pattern = "".join(parts)
        if not pattern:
            raise self._wrong(path, start, "include names no file")
        pattern = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
        self.parsed.folders.append(posixpath.dirname(pattern))
        for name in glob(self.host, pattern):
            try:
                self.file(name, depth + 1)
            except FileNotFoundError:
                continue  # a broken link: strongSwan warns and goes on
        return at

    def _line(self, path: str, at: int) -> int:
        return bisect.bisect_left(self._line_ends[path], at) + 1

    def _wrong(self, path: str, at: int, why: str) -> HostError:
        return HostError("malformed", f"{path}, line {self._line(path, at)}: {why}, so nothing of it is loaded")


def _resolved(section: Section, root: Section, path: str, left: list[int], depth: int) -> Section:
    """`section` with all that it inherits put in its place: its own first, then each reference in turn."""
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST_SECTION:
        raise HostError("malformed", f"{path}: sections inherit from each other without end")
    whole = Section(section.place)
    for source in [section, *_inherited(section, root, ())]:
        _merge(whole, source)
    for name, child in whole.sections.items():
        whole.sections[name] = _resolved(child, root, path, left, depth + 1)
    return whole


def _merge(mine: Section, other: Section) -> None:
    for key, entry in other.keys.items():
        mine.keys.setdefault(key, entry)
    for name, child in other.sections.items():
        own = mine.sections.setdefault(name, Section(child.place))
        own.references += [reference for reference in child.references if reference not in own.references]
        _merge(own, child)


def _inherited(section: Section, root: Section, above: tuple[str, ...]) -> list[Section]:
    """The sections that a section refers to, each followed by those that it refers to itself."""
    inherited: list[Section] = []
    for name in section.references:
        if name in above:
            continue
        other: Section | None = root
        for part in name.split("."):
            other = other.sections.get(part) if other else None
        if other is not None:
            inherited += [other, *_inherited(other, root, (*above, name))]
    return inherited
