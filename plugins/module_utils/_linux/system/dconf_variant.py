"""GVariant values as dconf and gsettings write them: as text in key files, as bytes in databases.

A value is `Typed(code, value)`. `code` is the GVariant type ("u", "b", "s", "as"); "" stands for a kind that no setting
of ours has (tuples, dictionaries), whose value is then its text.
"""

from __future__ import annotations

import re
import struct
from typing import Any, NamedTuple

NAMES = {
    "b": "boolean", "y": "byte", "n": "int16", "q": "uint16", "i": "int32", "u": "uint32", "x": "int64", "t": "uint64",
    "h": "handle", "d": "double", "s": "string", "o": "objectpath", "g": "signature",
}  # fmt: skip
CODES = {name: code for code, name in NAMES.items()}
CODES.update({"bool": "b", "enum": "s", "str": "s", "int": "i"})
BOUNDS = {
    "y": (0, 2**8 - 1), "n": (-(2**15), 2**15 - 1), "q": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1),
    "u": (0, 2**32 - 1), "x": (-(2**63), 2**63 - 1), "t": (0, 2**64 - 1), "h": (-(2**31), 2**31 - 1),
}  # fmt: skip
FIXED = {"b": "?", "y": "B", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "h": "i", "d": "d"}
SIZES = {"b": 1, "y": 1, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "h": 4, "d": 8}
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
OUT_OF_RANGE = "out of range"  # a bare number that may still become a uint32 or an int64 by the word before it
LETTERS = {char: letter for letter, char in ESCAPES.items()}
INTEGER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|\d+)(?![\w.])")
DOUBLE = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?(?![\w.])|[+-]?(inf|nan|infinity)\b")
WORD = re.compile(r"[a-z0-9]+(?= )")


class Typed(NamedTuple):
    """A value with its GVariant type code."""

    code: str
    value: Any


def type_name(code: str) -> str:
    """The word that a key file writes before such a value ("uint32"), or the code itself ("as")."""
    return NAMES.get(code, code)


def parse(text: str) -> Typed:
    """The value that `text` stands for. Raises ValueError where dconf would refuse it."""
    typed, end = _scan(text, 0)
    if typed.code == OUT_OF_RANGE:
        raise ValueError(f"{typed.value} is beyond int32")
    if typed.code and text[end:].strip():
        raise ValueError(f"{text.strip()[:60]!r} goes on after the value")
    return typed


def _scan(text: str, at: int) -> tuple[Typed, int]:
    at += len(text[at:]) - len(text[at:].lstrip())
    rest = text[at:]
    word = re.match(r"(true|false)(?!\w)", rest)
    if word:
        return Typed("b", word.group() == "true"), at + word.end()
    if rest[:1] in ("'", '"'):
        return _string(text, at)
    if rest[:1] == "[":
        return _list(text, at)
    if rest[:1] == "@":
        code, _blank, _tail = rest[1:].partition(" ")
        typed, end = _scan(text, at + 1 + len(code)) if code != "as" else _list(text, text.index("[", at), True)
        return _cast(typed, code, rest), end
    word = WORD.match(rest)
    if word and word.group() in CODES and word.group() in NAMES.values():
        typed, end = _scan(text, at + word.end())
        return _cast(typed, CODES[word.group()], rest), end
    double = DOUBLE.match(rest)
    if double:
        return Typed("d", double.group()), at + double.end()
    number = INTEGER.match(rest)
    if number:
        digits = number.group()
        octal = re.match(r"[+-]?0[0-7]+\Z", digits)
        return _cast(Typed("", int(digits, 8 if octal else 0)), "i", rest, True), at + number.end()
    if rest[:1] in ("(", "{", "<") or re.match(r"b['\"]|just |nothing\b", rest):
        return Typed("", rest.strip()), len(text)
    raise ValueError(f"{rest[:60]!r} is not a value: text needs quotes")


def _cast(typed: Typed, code: str, text: str, plain: bool = False) -> Typed:
    """`typed` as type `code`, as a type word before it demands."""
    # A bare number was taken for int32; before a type word it may be any number, so its bounds are looked at here.
    if code in BOUNDS and isinstance(typed.value, int) and not isinstance(typed.value, bool):
        low, high = BOUNDS[code]
        if low <= typed.value <= high:
            return Typed(code, typed.value)
        if plain:
            return Typed(OUT_OF_RANGE, typed.value)
    elif typed.code == code or (code in ("o", "g") and typed.code == "s"):
        return Typed(code, typed.value)
    elif code == "d" and isinstance(typed.value, int) and not isinstance(typed.value, bool):
        return Typed("d", str(typed.value))
    elif code not in NAMES and code != "as":
        return Typed("", text.strip())
    raise ValueError(f"{text.strip()[:60]!r} is no {type_name(code)}")


def _string(text: str, at: int) -> tuple[Typed, int]:
    quote, letters = text[at], []
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] != "\\":
            letters.append(text[at])
            at += 1
            continue
        mark = text[at + 1 : at + 2]
        size = {"u": 4, "U": 8}.get(mark, 0)
        if size:
            digits = text[at + 2 : at + 2 + size]
            if not re.fullmatch(rf"[0-9a-fA-F]{{{size}}}", digits) or int(digits, 16) > 0x10FFFF:
                raise ValueError(f"\\{mark}{digits} is no character")
            letters.append(chr(int(digits, 16)))
        else:
            letters.append(ESCAPES.get(mark, mark))
        at += 2 + size
    if at >= len(text):
        raise ValueError("a text is not closed by its quote")
    return Typed("s", "".join(letters)), at + 1


def _list(text: str, at: int, may_be_empty: bool = False) -> tuple[Typed, int]:
    start = at
    items: list[str] = []
    at += 1
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at : at + 1] == "]":
            if not items and not may_be_empty:
                raise ValueError("an empty list needs its type: @as []")
            return Typed("as", items), at + 1
        if text[at : at + 1] == "":
            raise ValueError("a list is not closed by ]")
        if text[at] not in "'\"":
            return Typed("", text[start:].strip()), len(text)  # a list of something else
        item, at = _string(text, at)
        items.append(item.value)
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != "]":
            raise ValueError("list items need a comma between them")


def printed(typed: Typed) -> str:
    """The text of a value for a key file."""
    if typed.code == "b":
        return "true" if typed.value else "false"
    if typed.code in ("s", "o", "g"):
        word = "" if typed.code == "s" else f"{NAMES[typed.code]} "
        return word + _quoted(typed.value)
    if typed.code == "as":
        return "[" + ", ".join(_quoted(item) for item in typed.value) + "]" if typed.value else "@as []"
    if typed.code in ("i", "d", ""):
        return str(typed.value)
    return f"{NAMES[typed.code]} {typed.value}"


def _quoted(text: str) -> str:
    letters = []
    for char in text:
        if char in "'\\":
            letters.append("\\" + char)
        elif char.isprintable():
            letters.append(char)
        elif char in LETTERS:
            letters.append("\\" + LETTERS[char])
        else:
            letters.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return "'" + "".join(letters) + "'"


def make(value: Any, code: str) -> Typed:
    """A wanted value from YAML or JSON (where Jinja may have made text of it) as type `code`, else ValueError."""
    if code == "b":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if isinstance(value, bool):
            return Typed("b", value)
    elif code in BOUNDS:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,20}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and BOUNDS[code][0] <= value <= BOUNDS[code][1]:
            return Typed(code, value)
    elif code == "s":
        if isinstance(value, str) and _is_text(value):
            return Typed("s", value)
    elif code == "as" and isinstance(value, list) and all(isinstance(item, str) and _is_text(item) for item in value):
        return Typed("as", list(value))
    raise ValueError(f"{str(value)[:60]!r} is no {type_name(code)}")


def _is_text(text: str) -> bool:
    """GVariant text holds no NUL and only whole characters."""
    return "\0" not in text and not any(0xD800 <= ord(char) < 0xE000 for char in text)


def decode(data: bytes, big_endian: bool) -> Typed:
    """The value that a database holds: a serialised variant (content, NUL, type code).

    Like GLib, a number of a wrong size is 0 and a damaged text is empty; nothing is raised.
    """
    content, _nul, raw_code = data.rpartition(b"\0")
    code = raw_code.decode("ascii", "replace")
    if code in FIXED:
        content = content if len(content) == SIZES[code] else bytes(SIZES[code])
        value = struct.unpack((">" if big_endian else "<") + FIXED[code], content)[0]
        return Typed(code, str(value) if code == "d" else value)
    if code in ("s", "o", "g"):
        return Typed(code, _decode_text(content))
    if code == "as":
        return Typed("as", _decode_list(content))
    return Typed("", f"(a value of type {code[:20]!r})")


def _decode_text(content: bytes) -> str:
    if not content.endswith(b"\0") or b"\0" in content[:-1]:
        return ""
    try:
        return content[:-1].decode()
    except UnicodeDecodeError:
        return ""


def _decode_list(content: bytes) -> list[str]:
    """GVariant's array of texts: the texts, then the offset of each one's end in 1, 2 or 4 bytes, little-endian."""
    size = 1 if len(content) <= 0xFF else 2 if len(content) <= 0xFFFF else 4
    if not content:
        return []
    table = int.from_bytes(content[-size:], "little")
    if table > len(content) or (len(content) - table) % size:
        return []
    ends = [int.from_bytes(content[at : at + size], "little") for at in range(table, len(content), size)]
    items, start = [], 0
    for end in ends:
        items.append(_decode_text(content[start:end]))
        start = end
    return items
