"""GVariant text and bytes: what dconf takes, what it refuses, and what comes back."""

from __future__ import annotations

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.dconf_variant import (
    Typed,
    decode,
    make,
    parse,
    printed,
)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("uint32 900", Typed("u", 900)),
        ("900", Typed("i", 900)),  # the NCSC's line: an int32, which idle-delay is not
        ("@u 900", Typed("u", 900)),
        ("uint32 0x10", Typed("u", 16)),
        ("uint32 4294967295", Typed("u", 4294967295)),
        ("int64 -5", Typed("x", -5)),
        ("-5", Typed("i", -5)),
        (" true ", Typed("b", True)),
        ("boolean false", Typed("b", False)),
        ("'lock-screen'", Typed("s", "lock-screen")),
        ('"St Mary\'s"', Typed("s", "St Mary's")),
        (r"'St Mary\'s \\ \n\u00a35'", Typed("s", "St Mary's \\ \n£5")),
        ("'£'", Typed("s", "£")),
        ("['a', 'b']", Typed("as", ["a", "b"])),
        ("['a',]", Typed("as", ["a"])),
        ("@as []", Typed("as", [])),
        ("1.5", Typed("d", "1.5")),
        ("(1, 2)", Typed("", "(1, 2)")),
        ("[('xkb', 'gb')]", Typed("", "[('xkb', 'gb')]")),
        ("{'a': <1>}", Typed("", "{'a': <1>}")),
    ],
)
def test_taken(text: str, typed: Typed) -> None:
    assert parse(text) == typed


@pytest.mark.parametrize(
    "text",
    ["ten", "", "True", "yes", "uint32", "uint32 -1", "uint32 4294967296", "4294967296", "uint32 'a'", "'open", "[]",
     "['a' 'b']", "uint32 5 6", "true false", "boolean 1", r"'\u00'", "lock-screen", "uint32 1.5", "@u 'x'", "['a'"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    "typed",
    [
        Typed("u", 900),
        Typed("i", -1),
        Typed("b", True),
        Typed("x", 2**40),
        Typed("s", 'it\'s \\ "£"\n\t\x01\U0001f600'),
        Typed("as", []),
        Typed("as", ["a'", "b"]),
    ],
)
def test_what_is_printed_is_read_back(typed: Typed) -> None:
    assert parse(printed(typed)) == typed
    assert "\n" not in printed(typed)


@pytest.mark.parametrize(
    ("value", "code", "typed"),
    [
        ("900", "u", Typed("u", 900)),  # Jinja makes text of numbers
        ("True", "b", Typed("b", True)),
        (["a"], "as", Typed("as", ["a"])),
        ("", "s", Typed("s", "")),
    ],
)
def test_wanted_values(value: object, code: str, typed: Typed) -> None:
    assert make(value, code) == typed


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "u"),
        (-1, "u"),
        ("ten", "u"),
        (1, "b"),
        ("yes", "b"),
        ("a\0", "s"),
        ("\ud800", "s"),
        ([1], "as"),
        (1, "?"),
    ],
)
def test_values_of_another_type_are_refused(value: object, code: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        make(value, code)


@pytest.mark.parametrize(
    ("data", "big_endian", "typed"),
    [
        (b"\x84\x03\0\0\0u", False, Typed("u", 900)),
        (b"\0\0\x03\x84\0u", True, Typed("u", 900)),
        (b"\x84\0u", False, Typed("u", 0)),  # GLib takes a number of a wrong size as 0
        (b"\x01\0b", False, Typed("b", True)),
        (b"abc\0\0s", False, Typed("s", "abc")),
        (b"a\0c\0\0s", False, Typed("s", "")),
        (b"\xff\0\0s", False, Typed("s", "")),
        (b"a\0bc\0\x02\x05\0as", False, Typed("as", ["a", "bc"])),
        (b"\0as", False, Typed("as", [])),
        (b"a\0\xff\0as", False, Typed("as", [])),
    ],
)
def test_bytes(data: bytes, big_endian: bool, typed: Typed) -> None:
    assert decode(data, big_endian) == typed


def test_bytes_of_no_type() -> None:
    assert decode(b"", False).code == ""
    assert decode(b"\xff\xfe\0\xff", False).code == ""
