"""What KDE's libraries make of several files that say something of the same group.

The rules are those of KConfig and KEntryMap (KDE Frameworks 5.115 and 6.13), kept exactly, since each of them decides
on some machine: a file is read after every weaker one, what is immutable stays, a default and what counts are kept
apart, and an entry for a language is another entry than the one for all of them, which [$i] on a key does not protect.
From 6.29 on KConfig reads a user's kdeglobals after all files of the system; then a user cannot come before them.
"""

from __future__ import annotations

from .ini import Entry, Header, Parsed

NEUTRAL = b"-"  # a language that no file names


class Source:
    """One file of the cascade: `path`, `parsed`, and its part in it.

    `shared` is true for kdeglobals and its like, `default` for every file but a user's own.
    """

    def __init__(self, path: str, parsed: Parsed, shared: bool, default: bool) -> None:
        self.path = path
        self.parsed = parsed
        self.shared = shared
        self.default = default

    def lines(self, group: bytes) -> list[Header | Entry]:
        """The headers and entries of one group, in their order."""
        return [line for line in self.parsed.lines.values() if line.group == group]


class Held:
    """What is held for a key: `value` (None: deleted), and the file and line that it comes from in `place`."""

    def __init__(self, line: Entry, shared: bool, place: str) -> None:
        self.value = line.value
        self.immutable = line.immutable
        self.expands = line.expands
        self.country = line.language is not None and b"_" in line.language
        self.shared = shared
        self.place = place

    def same(self, other: Held) -> bool:
        """Whether KConfig takes two values for the same."""
        mine, theirs = ((one.value, one.shared, one.immutable, one.expands) for one in (self, other))
        return mine == theirs


class Group:
    """One group, as it is put together from the files for a session in `language`."""

    def __init__(self, sources: list[Source], name: bytes, language: bytes = NEUTRAL) -> None:
        self._language = language
        self._immutable = False
        self._held: dict[tuple[bytes, bool, bool], Held] = {}  # by key, for a language, default
        stopped = {True: False, False: False}  # an immutable kdeglobals ends the kdeglobals, not the files after them
        for source in sources:
            if not stopped[source.shared]:
                self._read(source, source.lines(name))
                stopped[source.shared] = source.parsed.immutable

    def get(self, key: bytes) -> Held | None:
        """What counts for `key`, or None where no file says anything."""
        return self._held.get((key, True, False)) or self._held.get((key, False, False))

    def _read(self, source: Source, lines: list[Header | Entry]) -> None:
        passed_over, immutable = False, self._immutable
        for line in lines:
            if not isinstance(line, Entry):
                passed_over = self._immutable and not source.default
                immutable = immutable or (line.immutable and not passed_over)
            elif not passed_over and self._speaks(line.language):
                self._set(source, line)
        self._immutable = immutable  # only once all entries of this file are in

    def _speaks(self, language: bytes | None) -> bool:
        if not language or language in (self._language, self._language.partition(b"_")[0]):
            return True
        return language.startswith(b"C") and self._language == b"en_US"

    def _set(self, source: Source, line: Entry) -> None:
        deletes, local = line.value is None, line.language is not None
        default = source.default and not deletes
        at = (line.key, local, default)
        before = self._held.get(at)
        if before.immutable if before else self._immutable:
            return
        held = Held(line, source.shared and not deletes, f"{source.path}, line {line.line + 1}")
        if before and local and before.country and not held.country:
            return
        if before and before.same(held):
            if not local:
                self._forget_languages(line.key, default)
            return
        self._held[at] = held
        if default:
            self._held[line.key, local, False] = held
        if before and not local:
            self._forget_languages(line.key, default)

    def _forget_languages(self, key: bytes, default: bool) -> None:
        self._held.pop((key, True, False), None)
        if default:
            self._held.pop((key, True, True), None)


def languages(sources: list[Source], group: bytes, key: bytes) -> list[bytes]:
    """The languages that have an entry of their own for a key, and so may get another value."""
    names = {
        line.language
        for source in sources
        for line in source.lines(group)
        if isinstance(line, Entry) and line.key == key and line.language
    }
    if any(language.startswith(b"C") for language in names):
        names.add(b"en_US")  # KConfig takes en_US for C
    return sorted(names)
