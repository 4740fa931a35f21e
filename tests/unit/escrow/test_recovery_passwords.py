"""Recovery passwords of BitLocker: what is made, how they are read, and that no key is read as the other kind."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import Kind, RecoveryKey, new_key, parse_key
from leeboard.escrow.keys.recovery_password import new_password, parse_password
from tests.unit.escrow.vaults import content

MANY = 100_000
numbers = st.lists(st.integers(0, 65535), min_size=8, max_size=8)


def valid(text: str) -> bool:
    """As ProtectKeyWithNumericalPassword's page has it: six digits each, divisible by 11, below 720,896."""
    groups = text.split("-")
    return len(groups) == 8 and all(
        len(group) == 6 and group.isdecimal() and not int(group) % 11 and int(group) < 720896 for group in groups
    )


def test_a_hundred_thousand_are_valid_and_none_is_there_twice() -> None:
    texts = {new_password().text for _ in range(MANY)}
    assert len(texts) == MANY and all(map(valid, texts))
    first = {text[:6] for text in texts}
    assert len(first) > 40_000, "all numbers below 65,536 come"
    assert min(first) < "001100" and max(first) > "719000"


@given(numbers, st.lists(st.integers(0, 48), max_size=12), st.sampled_from([" ", "-", "\u2013", "\t", " - "]))
def test_one_is_read_however_it_is_typed(groups: list[int], places: list[int], between: str) -> None:
    digits = "".join(f"{number * 11:06}" for number in groups)
    typed = digits
    for place in sorted(places, reverse=True):
        typed = typed[:place] + between + typed[place:]
    password = parse_password(typed)
    assert valid(password.text) and password.text.replace("-", "") == digits
    assert len(password.groups) == 8


@given(numbers, st.integers(0, 7), st.integers(1, 10))
def test_a_mistyped_group_is_named(groups: list[int], place: int, off: int) -> None:
    texts = [f"{number * 11:06}" for number in groups]
    texts[place] = f"{(groups[place] * 11 + off) % 1000000:06}"
    with pytest.raises(LeeboardError, match=f"group {place + 1} of 8 is mistyped") as said:
        parse_password("-".join(texts))
    assert "".join(texts) not in str(said.value).replace("-", "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "it is empty"),
        ("000011-" * 7, "it has 42 digits"),
        ("000011" * 9, "it has 54 digits"),
        ("720896" * 8, "group 1 and 2 and 3 and 4 and 5 and 6 and 7 and 8 of 8 is mistyped"),
        ("\u0660" * 48, "it has more than digits in it"),
        ("00001l" * 8, "it has more than digits in it"),
        pytest.param(new_key().text, "it has more than digits in it", id="a key of LUKS"),
    ],
)
def test_what_is_none_is_refused_without_being_shown(wrong: str, said: str) -> None:
    with pytest.raises(LeeboardError, match=f"^this is no recovery password of BitLocker: {re.escape(said)}") as seen:
        parse_password(wrong)
    assert not wrong or wrong not in str(seen.value)


def test_neither_kind_is_read_as_the_other() -> None:
    password = new_password()
    with pytest.raises(LeeboardError, match="this is no recovery key"):
        parse_key(password.text)
    sealed = replace(content(), key=password, kind=Kind.BITLOCKER)
    assert Content.parse(sealed.text()) == sealed
    adopted = replace(sealed, adopted=True)
    assert Content.parse(adopted.text()) == adopted and adopted.text() != sealed.text()
    for text in (
        replace(sealed, kind=Kind.LUKS).text(),
        replace(content(), kind=Kind.BITLOCKER).text(),
        replace(adopted, key=RecoveryKey("a passphrase")).text(),
    ):
        with pytest.raises(LeeboardError, match="this is no recovery"):
            Content.parse(text)
    assert password.text not in f"{password!r} {password}"
