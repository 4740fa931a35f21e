"""What a key of [Daemon] in kscreenlockerrc comes to: for a user without files of his own, and for each person here."""

from __future__ import annotations

import math
import os
import re
from typing import Any

from ..engine.host import Host, HostError
from ..engine.reading import Aspect, absent, unreadable, value
from ..system.dconf_people import Someone, everyone
from .cascade import NEUTRAL, Group, Held, Source, languages
from .files import Files, changeable
from .ini import Entry, Header, Parsed, parse, text_of
from .keys import FILE, GROUP, KEYS, MINUTES, SWITCHES
from .session import Session, sessions

OFF = ("false", "no", "off", "0")  # KConfig takes every other text for true
WHOLE = re.compile(r"[+-]?[0-9]{1,9}\Z")
FRACTION = re.compile(r"[+-]?[0-9]{1,9}\.[0-9]{1,9}\Z")
PROBE = b"\0probe"  # a value that no file can hold
Other = dict[str, Any]  # who gets another value, that value and its type
MOST_OTHERS = 20
MOST_LANGUAGES = 50


def typed(key: str, held: Held | None) -> tuple[bool | int | str | None, str]:
    """(value, type) that Plasma takes from what is held; (None, "") where it falls back to its built-in value.

    Plasma 6 reads the minutes as a fraction. They are rounded up, which changes no comparison with whole minutes.
    """
    if held is None or held.value is None:
        return None, ""
    text = text_of(held.value)
    if key in SWITCHES:
        return text.lower() not in OFF, "bool"
    if WHOLE.match(text):
        return int(text), "int"
    if key == MINUTES and FRACTION.match(text):
        return math.ceil(float(text)), "int"
    return text, "string"


class View:
    """The machine as Plasma sees it. `written` holds what a change would make of some files. Raises HostError."""

    def __init__(self, host: Host, written: dict[str, bytes] | None = None) -> None:
        self.host = host
        self.files = Files(host, written)
        self.sessions = sessions(host)
        self.everyone = [someone for someone in everyone(host) if someone.home]  # a home of / is nobody's own place
        self._written = written or {}
        self.changed: str | None = None  # what to say of sessions that are older than the files, once it is known
        self._open = {key: self._is_open(key) for key in KEYS}

    def paths(self) -> list[str]:
        """The files of the system that say something of the group."""
        return list(dict.fromkeys(
            source.path for session in self.sessions for source in self._of_all(session) if _speaks(source)
        ))  # fmt: skip

    def value(self, key: str) -> Aspect:
        """The effective aspect of a key: its value, where that comes from, and who gets another."""
        seen = [(who, *typed(key, held), held) for who, held in self._held(key)]
        _words, current, type, held = seen[0]
        others: list[Other] = []
        for who, theirs, their_type, _held in seen[1:]:
            if (theirs, their_type) != (current, type):
                others.append({"who": who, "value": theirs, "type": their_type})
        people, problem = self._people(key, current, type)
        if problem:
            return unreadable(problem.code, f"not every user's own settings could be read: {problem.why}")
        aspect = absent(self._explained("no file sets it", held)) if current is None else value(
            current, self._explained("", held), type
        )  # fmt: skip
        return _with_others(aspect, others + people)

    def immutable(self, key: str) -> Aspect:
        """The aspect of a lock: true when nobody can give himself another value."""
        if self._open[key]:
            return value(False, self._open[key], "bool")
        held = self.held(key)
        by = next((source.path for source in self._of_all(self.sessions[0]) if _locks(source)), held and held.place)
        others = []
        for someone in self.everyone:
            try:
                if any(self._can_change(session, someone, key) for session in self.sessions):
                    others.append({"who": someone.name, "value": False, "type": "bool"})
            except HostError as problem:
                return unreadable(problem.code, f"not every user's own settings could be read: {problem.why}")
        return _with_others(value(True, f"{by} makes [Daemon] immutable", "bool"), others)

    def held(self, key: str) -> Held | None:
        """What a user without files of his own gets."""
        return self._held(key)[0][1]

    def _of_all(self, session: Session) -> list[Source]:
        return self.files.sources(FILE, session.folders_of(""))

    def _held(self, key: str) -> list[tuple[str, Held | None]]:
        """[(who, held)] for a user without files of his own: the usual session first, then every other kind."""
        held = []
        for session in self.sessions:
            sources = self._of_all(session)
            for language in self._languages(sources, key):
                who = f"sessions of {session.name}" + _in_language(language)
                held.append((who, Group(sources, GROUP, language).get(key.encode())))
        return held

    def _languages(self, sources: list[Source], key: str) -> list[bytes]:
        used = languages(sources, GROUP, key.encode())
        if len(used) > MOST_LANGUAGES:
            raise HostError("malformed", f"{FILE} sets {key} for more than {MOST_LANGUAGES} languages")
        return [NEUTRAL, *used]

    def _own(self, session: Session, someone: Someone, key: str) -> list[Source]:
        """Somebody's cascade; [] where none of the files is his own. Behind a lock his own kscreenlockerrc is not read:
        whatever is in it counts for nothing, and what cannot be read there must not hide the verdict."""
        folders, home = session.folders_of(someone.home), f"{someone.home}/"
        sources = self.files.sources(FILE, folders, someone, locked=not self._open[key])
        return sources if any(source.path.startswith(home) and _speaks(source) for source in sources) else []

    def _people(self, key: str, usual: Any, usual_type: str) -> tuple[list[Other], HostError | None]:
        others: list[Other] = []
        problem: HostError | None = None
        for someone in self.everyone:
            try:
                for session in self.sessions:
                    sources = self._own(session, someone, key)
                    for language in self._languages(sources, key) if sources else ():
                        theirs, type = typed(key, Group(sources, GROUP, language).get(key.encode()))
                        other = {"who": someone.name + _in_language(language), "value": theirs, "type": type}
                        if (theirs, type) != (usual, usual_type) and other not in others:
                            others.append(other)
            except HostError as failure:
                problem = problem or failure
        return others, problem

    def _is_open(self, key: str) -> str:
        """Why a user can give himself another value of `key`, in words, or "" where he cannot."""
        attempt = parse(b"[Daemon]\n%s=%s\n%s[]=%s\n" % (key.encode(), PROBE, key.encode(), PROBE))
        for session in self.sessions:
            sources = self._of_all(session)
            held = Group([*sources, Source("", attempt, False, False)], GROUP).get(key.encode())
            if held and held.value == PROBE:
                return self._why_open(sources, key)
            for source in sources:
                # What is about to be written will be root's; its folder stays as it is.
                place = os.path.dirname(source.path) if source.path in self._written else source.path
                problem = changeable(self.host, place)
                if problem:
                    return problem
        return ""

    def _why_open(self, sources: list[Source], key: str) -> str:
        held = Group(sources, GROUP).get(key.encode())
        closed = self._closed()
        if held and held.immutable:
            return (
                f"{held.place} protects the key alone, and an entry for a language ({key}[en]) goes round that{closed}"
            )
        return f"no file makes [Daemon] immutable{closed}"

    def _can_change(self, session: Session, someone: Someone, key: str) -> bool:
        """True when somebody's own files decide: another value in them would be his."""
        home = f"{someone.home}/"
        sources = self._own(session, someone, key)
        tried = [_probed(source, key) if source.path.startswith(home) else source for source in sources]
        held = Group(tried, GROUP).get(key.encode())
        return held is not None and held.value == PROBE

    def _explained(self, text: str, held: Held | None) -> str:
        if held is not None:
            text = held.place if held.value is not None else f"{held.place} deletes it"
            if held.value is not None and FRACTION.match(text_of(held.value)):
                text += f", says {text_of(held.value)}"
        return text + self._closed()

    def _closed(self) -> str:
        return "".join(f"; {why}, so it is passed over" for why in self.files.closed.values())


def _in_language(language: bytes) -> str:
    return "" if language == NEUTRAL else f" in the language {text_of(language)}"


def _speaks(source: Source) -> bool:
    return source.parsed.immutable or bool(source.lines(GROUP))


def _locks(source: Source) -> bool:
    return source.parsed.immutable or any(line.immutable for line in source.lines(GROUP) if not isinstance(line, Entry))


def _probed(source: Source, key: str) -> Source:
    """A copy of a source with PROBE for the key, where the file has the key and where it could have it."""
    lines: dict[int, Header | Entry] = {}
    for line in source.parsed.lines.values():
        if not isinstance(line, Entry):
            lines[len(lines)] = line
            if line.group == GROUP:
                marks = {"i"} if line.immutable else set()
                lines[len(lines)] = Entry(GROUP, key.encode(), PROBE, None, marks, 0)
        elif line.group != GROUP or line.key != key.encode():
            lines[len(lines)] = line
    return Source(source.path, Parsed(lines, source.parsed.immutable), source.shared, source.default)


def _with_others(aspect: Aspect, others: list[Other]) -> Aspect:
    if not others:
        return aspect
    first_of_each = list({repr(each["value"]): each for each in reversed(others)}.values())
    rest = [each for each in others if each not in first_of_each]
    return {**aspect, "others": (first_of_each + rest)[:MOST_OTHERS]}
