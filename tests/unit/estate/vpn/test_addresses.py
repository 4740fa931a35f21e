"""The ledger of inner addresses: stable, nobody's for a year, and never two devices' at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.addresses import Given, Ledger, allocated, parse, read, write

DAY = date(2026, 11, 26)
POOLS = ("10.99.0.0/28", "fd00:99::/64")
ONE, TWO = "900001", "900002"


def held(ledger: Ledger) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in ledger.entries:
        if one.ended is None:
            found.setdefault((one.urn, one.asset), []).append(one.address)
    return found


def test_each_device_has_one_of_each_family() -> None:
    ledger = allocated(Ledger(), {ONE: ["A-2", "A-1"]}, POOLS, DAY)
    assert held(ledger) == {(ONE, "A-1"): ["10.99.0.2", "fd00:99::2"], (ONE, "A-2"): ["10.99.0.3", "fd00:99::3"]}
    assert ledger.of_school(ONE) == {"A-1": "10.99.0.2", "A-2": "10.99.0.3"} and ledger.of_school(TWO) == {}
    assert allocated(ledger, {ONE: ["A-1", "A-2"]}, POOLS, DAY + timedelta(days=400)) == ledger


def test_an_address_is_nobodys_for_a_year_and_its_devices_before_that() -> None:
    first = allocated(Ledger(), {ONE: ["A-1"]}, POOLS[:1], DAY)
    gone = allocated(first, {ONE: ["A-2"]}, POOLS[:1], DAY)
    assert held(gone) == {(ONE, "A-2"): ["10.99.0.3"]}
    back = allocated(gone, {ONE: ["A-1", "A-2"]}, POOLS[:1], DAY + timedelta(days=365))
    assert held(back) == {(ONE, "A-1"): ["10.99.0.2"], (ONE, "A-2"): ["10.99.0.3"]}
    day_before = allocated(gone, {ONE: ["A-2", "A-3"]}, POOLS[:1], DAY + timedelta(days=365))
    assert held(day_before)[(ONE, "A-3")] == ["10.99.0.4"]
    after = allocated(gone, {ONE: ["A-2", "A-3"]}, POOLS[:1], DAY + timedelta(days=366))
    assert held(after)[(ONE, "A-3")] == ["10.99.0.2"]
    late = allocated(after, {ONE: ["A-1", "A-2", "A-3"]}, POOLS[:1], DAY + timedelta(days=366))
    assert held(late)[(ONE, "A-1")] == ["10.99.0.4"]


def test_one_schools_turn_takes_nothing_from_another() -> None:
    both = allocated(Ledger(), {ONE: ["A-1"], TWO: ["A-1"]}, POOLS[:1], DAY)
    alone = allocated(both, {ONE: []}, POOLS[:1], DAY)
    assert held(alone) == {(TWO, "A-1"): ["10.99.0.3"]}


def test_a_network_that_is_taken_out_gives_no_address_any_more() -> None:
    first = allocated(Ledger(), {ONE: ["A-1"]}, ("10.98.0.0/28",), DAY)
    assert held(allocated(first, {ONE: ["A-1"]}, POOLS[:1], DAY)) == {(ONE, "A-1"): ["10.99.0.2"]}


def test_networks_that_are_full_are_named() -> None:
    tags = [f"A-{number}" for number in range(13)]
    assert len(held(allocated(Ledger(), {ONE: tags}, POOLS[:1], DAY))) == 13
    with pytest.raises(LeeboardError, match=r"vpn\.inner: 10\.99\.0\.0/28 has no address left; add a network"):
        allocated(Ledger(), {ONE: [*tags, "A-13"]}, POOLS[:1], DAY)
    more = allocated(Ledger(), {ONE: [*tags, "A-13"]}, (POOLS[0], "10.99.1.0/28"), DAY)
    assert held(more)[(ONE, "A-8")] == ["10.99.0.14"] and held(more)[(ONE, "A-9")] == ["10.99.1.2"]


TAGS = st.sets(st.sampled_from([f"A-{number}" for number in range(8)]))


@given(st.lists(st.tuples(st.dictionaries(st.sampled_from([ONE, TWO]), TAGS), st.integers(0, 500)), max_size=8))
def test_no_address_is_two_devices_within_a_year(turns: list[tuple[Mapping[str, set[str]], int]]) -> None:
    """Whatever comes and goes: who is wanted has one address, which stays, and its last holder left it a year ago."""
    ledger, today = Ledger(), DAY
    for wanted, days in turns:
        today += timedelta(days=days)
        before, ledger = ledger, allocated(ledger, wanted, ("10.99.0.0/24",), today)
        now = held(ledger)
        assert len({one for each in now.values() for one in each}) == len(now)
        for urn, tags in wanted.items():
            assert {asset for school, asset in now if school == urn} == tags
        for who, kept in held(before).items():
            assert (who[0] in wanted and who[1] not in wanted[who[0]]) or now[who] == kept
        for one in ledger.entries:
            last = [other for other in ledger.entries if other.address == one.address and other.asset != one.asset]
            for other in last:
                early, late = sorted((one, other), key=lambda entry: entry.given)
                assert early.ended is not None and (late.given - early.ended).days >= 366
        assert all(ipaddress.ip_address(one.address) in ipaddress.ip_network("10.99.0.0/24") for one in ledger.entries)


def test_it_is_written_whole_and_read_again(tmp_path: Path) -> None:
    ledger = allocated(Ledger(), {ONE: ["A-1"], TWO: ["B 2"]}, POOLS, DAY)
    ledger = allocated(ledger, {TWO: []}, POOLS, DAY)
    file = write(tmp_path, ledger)
    assert file == tmp_path / "vpn" / "addresses.csv" and read(tmp_path) == (ledger, ())
    assert file.read_text().splitlines()[:2] == ["address,urn,asset,given,ended", "10.99.0.2,900001,A-1,2026-11-26,"]
    assert read(tmp_path / "nowhere") == (Ledger(), ())


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("10.99.0.300,900001,A-1,2026-11-26,", "address", "'10.99.0.300' is no address"),
        ("10.99.0.2,9001,A-1,2026-11-26,", "urn", "'9001' is no URN of six digits"),
        ("10.99.0.2,900001,-A,2026-11-26,", "asset", "'-A' is no asset tag"),
        ("10.99.0.2,900001,A-1,26.11.2026,", "given", "'26.11.2026' is no day such as"),
        ("10.99.0.2,900001,A-1,2026-11-26,never", "ended", "'never' is no day such as"),
    ],
)
def test_a_bad_row_is_named_and_costs_itself(row: str, column: str, words: str) -> None:
    text = f"address,urn,asset,given,ended\n{row}\n10.99.0.9,900001,A-9,2026-11-26,\n"
    ledger, (problem,) = parse(text.encode(), "addresses.csv")
    assert str(problem) == f"addresses.csv, row 2, column {column}: {problem.message}" and words in str(problem)
    assert [one.asset for one in ledger.entries] == ["A-9"]


def test_one_address_of_two_devices_is_a_problem() -> None:
    rows = "".join(f"10.99.0.2,900001,A-{number},2026-11-26,\n" for number in (1, 2))
    _ledger, (problem,) = parse(f"address,urn,asset,given,ended\n{rows}".encode(), "addresses.csv")
    assert "10.99.0.2 is given to two devices; write the day into ended of one of them" in str(problem)


@pytest.mark.parametrize("content", [b"", b"who,what\n1,2\n", b"\xff\xfe\x00", b"address,urn\n"])
def test_another_file_is_no_ledger(content: bytes) -> None:
    ledger, problems = parse(content, "addresses.csv")
    assert ledger == Ledger() and len(problems) == 1


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "vpn").mkdir()
    (tmp_path / "vpn" / "addresses.csv").symlink_to(tmp_path / "elsewhere")
    ledger, problems = read(tmp_path)
    assert ledger == Ledger() and len(problems) == 1


def test_an_entry_knows_its_family() -> None:
    assert [Given(one, ONE, "A-1", DAY).version for one in ("10.99.0.2", "fd00::2")] == [4, 6]
    assert addresses.COLUMNS[0] == "address"
