"""What stands in a configuration file of KDE's libraries, line by line; pure functions over bytes.

The grammar is that of KConfigIniBackend::parseConfig (KDE Frameworks 5.115 and 6.13). It is no INI file: [$i] after a
group or a key makes it immutable and alone on a line the whole file, [$d] deletes a key, Key[en_GB] is for one language
and Key[] for all, values hold escapes, and a header that does not end with its last bracket names another group.
"""

from __future__ import annotations

ESCAPES = {b"s": b" ", b"t": b"\t", b"n": b"\n", b"r": b"\r", b"\\": b"\\", b";": b"\\;", b",": b"\\,"}
SUBGROUP = b"\x1d"  # what stands between the names of nested groups


class Header:
    """A line [group]: `group` as one name, and whether what follows is `immutable`."""

    def __init__(self, group: bytes, immutable: bool) -> None:
        self.group = group
        self.immutable = immutable


class Entry:
    """A line `key=value`. `value` is None where the line deletes the key, `language` None where it is for all.

    `expands` says that KConfig replaces $VARIABLES where it reads text, which it does for no switch and no number.
    """

    def __init__(
        self, group: bytes, key: bytes, value: bytes | None, language: bytes | None, marks: set[str], line: int
    ) -> None:
        self.group = group
        self.key = key
        self.value = value
        self.language = language
        self.immutable = "i" in marks
        self.expands = "e" in marks
        self.line = line


class Parsed:
    """A file: `lines` ({line number from 0: Header or Entry}), and whether it is `immutable` as a whole."""

    def __init__(self, lines: dict[int, Header | Entry], immutable: bool) -> None:
        self.lines = lines
        self.immutable = immutable


def parse(content: bytes) -> Parsed:
    """The headers and entries of a file; lines that KConfig passes over with a warning are left out."""
    lines: dict[int, Header | Entry] = {}
    group, whole, part = b"<default>", False, False
    for count, raw in enumerate(content.split(b"\n")):
        line = raw.strip()
        if not line or line.startswith(b"#"):
            continue
        if line.startswith(b"["):
            part = whole
            name, marked = _header(line)
            if name is None:
                continue
            group = name
            whole, part = whole or (marked and not name), part or (marked and bool(name))
            lines[count] = Header(group, part)
        else:
            entry = _entry(group, line, part, count)
            if entry:
                lines[count] = entry
    return Parsed(lines, whole)


def _header(line: bytes) -> tuple[bytes | None, bool]:
    """(name, marked): nested groups as one name, None where a bracket is missing; whether [$i] ends the line."""
    name, marked, start = b"", False, 1
    while True:
        end = line.find(b"]", start)
        if end < 0:
            return None, False
        if line[start:end] == b"$i" and end + 1 == len(line):
            marked = True
        else:
            name += SUBGROUP * bool(name) + unescaped(line[start:end])
        start = end + 2
        if line[end + 1 : end + 2] != b"[":
            return name, marked


def _entry(group: bytes, line: bytes, immutable: bool, count: int) -> Entry | None:
    key, equals, value = line.partition(b"=")
    key, marks = key.strip(), {"i"} if immutable else set()
    language: bytes | None = None
    if not key:
        return None
    while b"[" in key:
        start = key.rindex(b"[")
        end = key.find(b"]", start)
        if end < 0:
            return None
        inside = key[start + 1 : end]
        key = key[:start]
        if inside.startswith(b"$"):
            options = inside[1:].partition(b"d")  # KConfig stops at the d, so [$di] is not immutable
            marks |= set(options[0].decode("latin-1"))
            if options[1]:
                return Entry(group, unescaped(key), None, None, marks, count)
        elif language is not None:
            return None
        else:
            language = inside
    if not equals:
        return None
    return Entry(group, unescaped(key), unescaped(value.strip()), language, marks, count)


def unescaped(text: bytes) -> bytes:
    """Text with its escapes replaced. Of an escape that is none, only the backslash stays."""
    if b"\\" not in text:
        return text
    text = text.strip()
    out, at = bytearray(), 0
    while at < len(text):
        sign = text[at : at + 1]
        at += 1
        if sign != b"\\":
            out += sign
            continue
        after = text[at : at + 1]
        at += 1
        if not after:
            break
        if after in ESCAPES:
            out += ESCAPES[after]
        elif after == b"x":
            digits = text[at : at + 2]
            out += _byte(digits) if len(digits) == 2 else b"x"
            at += 2
        else:
            out += b"\\"
    return bytes(out)


def _byte(digits: bytes) -> bytes:
    try:
        return bytes([int(digits, 16)]) if digits.isalnum() else b"x"
    except ValueError:
        return b"x"


def text_of(value: bytes) -> str:
    """A value as text."""
    return value.decode("utf-8", "backslashreplace")
