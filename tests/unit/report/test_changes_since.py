"""What is new since the night before."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.verdicts import Verdict
from leeboard.report.changes_since import read_before, write_news
from leeboard.report.words import VERDICTS
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.samples import device, estate, status


def night(*devices: tuple[str, dict[str, Verdict]], days: int = 0) -> EstateStatus:
    made = estate(*(status(device(asset), verdicts) for asset, verdicts in devices))
    return replace(made, at=made.at + timedelta(days=days))


def news(folder: Path, *nights: EstateStatus) -> list[str]:
    for one in nights:
        write_news(one, folder / "news.txt")
    return (folder / "news.txt").read_text().splitlines()


def test_the_first_night_has_nothing_to_compare_with(tmp_path: Path) -> None:
    found = news(tmp_path, night(("A-1", {"LCK-01": Verdict.DRIFTED})))
    assert found == [
        "Nothing to compare with yet: this is the first night, 25 Nov 2026, 02:14 UTC.",
        "1 finding not well on 1 device.",
    ]


def test_what_is_new_mended_come_and_gone(tmp_path: Path) -> None:
    first = night(
        ("A-1", {"LCK-01": Verdict.DRIFTED, "LCK-02": Verdict.DRIFTED}), ("A-2", {}), ("A-3", {"ENC-01": Verdict.ERROR})
    )
    second = night(
        ("A-1", {"LCK-01": Verdict.ERROR, "LCK-03": Verdict.STALE}), ("A-2", {"ENC-01": Verdict.DRIFTED}), ("A-4", {}),
        days=1,
    )  # fmt: skip
    found = news(tmp_path, first, second)
    assert found[0] == "Since 25 Nov 2026, 02:14 UTC: 3 new, 1 mended, 1 device came, 1 went; 0 devices not seen."
    assert found[1:3] == ["", "900001 Example Primary School"]
    assert [line.split(":")[0] + ":" + line.split(":")[1] for line in found[3:]] == [
        "  new: A-1 LCK-01 could not be read, was drifted",
        "  new: A-1 LCK-03 out of date",
        "  new: A-2 ENC-01 drifted",
        "  mended: A-1 LCK-02 (was drifted)",
        "  came: A-4",
        "  went: A-3 is not on the inventory any more",
    ]
    assert news(tmp_path, second) == [
        "Since 26 Nov 2026, 02:14 UTC: 0 new, 0 mended, 0 devices came, 0 went; 0 devices not seen."
    ]


@pytest.mark.parametrize("before", [Verdict.MISSING, Verdict.STALE, Verdict.ERROR, Verdict.NOT_CHECKED])
def test_a_first_sighting_mends_nothing(tmp_path: Path, before: Verdict) -> None:
    nobody = estate(samples.everywhere(device("A-1"), before, "unreachable", "words", None))
    found = news(tmp_path, nobody, night(("A-1", {"LCK-01": Verdict.DRIFTED}), days=1))
    assert found[0].startswith("Since 25 Nov 2026, 02:14 UTC: 1 new, 0 mended, 0 devices came, 0 went; 0 devices not")
    assert [line for line in found if line.startswith("  known: A-1, ")] == [
        f"  known: A-1, {len(samples.CONTROLS) - 1} findings well (was {VERDICTS[before]})"
    ]
    assert not any("mended: A-1" in line for line in found)


def test_who_was_not_seen_is_counted_though_nothing_changed(tmp_path: Path) -> None:
    silent = estate(status(device("A-1"), {}, "unreachable", 1))
    assert news(tmp_path, silent, silent)[0].endswith("0 new, 0 mended, 0 devices came, 0 went; 1 device not seen.")


def test_the_news_of_one_school_keep_the_state_of_the_others(tmp_path: Path) -> None:
    drifted = {"LCK-01": Verdict.DRIFTED}
    both = estate(status(device("A-1"), drifted), status(device("B-1", "900002"), drifted))
    write_news(both, tmp_path / "news.txt")
    write_news(estate(status(device("A-1"), {})), tmp_path / "news.txt", whole=False)
    assert "1 mended" in (tmp_path / "news.txt").read_text()
    assert "0 new, 0 mended, 0 devices came, 0 went" in news(tmp_path, replace(both, devices=both.devices[1:]))[0]
    assert read_before(tmp_path / "news.txt.state.gz") is not None


def test_a_problem_of_the_run_is_news_every_night(tmp_path: Path) -> None:
    one = replace(night(("A-1", {})), problems=("school 900002: its check broke off",))
    assert news(tmp_path, one, one)[1] == "problem: school 900002: its check broke off"


def test_hostile_text_stays_in_its_line(tmp_path: Path) -> None:
    found = news(tmp_path, samples.estate(), samples.hostile())
    assert all(line.isprintable() for line in found)


@pytest.mark.parametrize(
    "content", [b"", b"x", gzip.compress(b"[]", mtime=0), gzip.compress(b'{"schema": 1}', mtime=0), None]
)
def test_a_damaged_state_is_a_first_night(tmp_path: Path, content: bytes | None) -> None:
    beside = tmp_path / "news.txt.state.gz"
    if content is not None:
        beside.write_bytes(content)
    assert read_before(beside) is None
    assert news(tmp_path, night(("A-1", {})))[0].startswith("Nothing to compare with yet")
    assert read_before(beside) is not None


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LeeboardError, match="the news cannot be written"):
        write_news(night(), tmp_path / "file" / "news.txt")


def caused(days: int, cause: str) -> EstateStatus:
    """A night in which A-1 drifted in LCK-01 for this cause."""
    made = night(("A-1", {"LCK-01": Verdict.DRIFTED}), days=days)
    (one,) = made.devices
    findings = tuple(replace(f, cause=cause) if f.control == "LCK-01" else f for f in one.findings)
    return replace(made, devices=(replace(one, findings=findings),))


def test_the_same_verdict_for_another_cause_is_news(tmp_path: Path) -> None:
    found = news(tmp_path, caused(0, "a" * 16), caused(1, "a" * 16))
    assert found == ["Since 25 Nov 2026, 02:14 UTC: 0 new, 0 mended, 0 devices came, 0 went; 0 devices not seen."]
    found = news(tmp_path, caused(2, "b" * 16))
    assert found[0] == "Since 26 Nov 2026, 02:14 UTC: 1 new, 0 mended, 0 devices came, 0 went; 0 devices not seen."
    assert found[3].startswith("  new: A-1 LCK-01 drifted, was drifted for another cause: ")


def test_a_cause_that_was_not_known_is_no_news(tmp_path: Path) -> None:
    news(tmp_path, caused(0, "a" * 16))
    beside = tmp_path / "news.txt.state.gz"
    state = json.loads(gzip.decompress(beside.read_bytes()))
    state["wrong"] = [one[:4] for one in state["wrong"]]
    beside.write_bytes(gzip.compress(json.dumps(state).encode()))
    assert news(tmp_path, caused(1, "a" * 16))[0].startswith("Since 25 Nov 2026, 02:14 UTC: 0 new")
    assert news(tmp_path, caused(2, ""), caused(3, "a" * 16))[0].startswith("Since 27 Nov 2026, 02:14 UTC: 0 new")
