"""Terminal, page and JSON are three views of one thing: the same counts, and every device in each."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from leeboard.model.verdicts import Verdict
from leeboard.report.json_report import as_json
from leeboard.report.page import render
from leeboard.report.terminal import show
from leeboard.report.words import VERDICTS
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.reading import Page

WORDS = {word: verdict for verdict, word in VERDICTS.items()}
COUNT = re.compile(rf"([0-9,]+) ({'|'.join(map(re.escape, WORDS))})")


def tallied(text: str) -> dict[Verdict, int]:
    return {WORDS[word]: int(count.replace(",", "")) for count, word in COUNT.findall(text)}


def printed(status: EstateStatus) -> str:
    stream = io.StringIO()
    show(status, Console(file=stream, width=4000), details=False)
    return stream.getvalue()


@pytest.mark.parametrize("seed", range(80))
def test_three_views_agree(seed: int) -> None:
    status = samples.some(seed)
    truth = {verdict: count for verdict, count in status.counts().items() if count}
    assets = {(device.device.urn, device.device.asset) for device in status.devices}

    data = as_json(status)
    assert {Verdict(name): count for name, count in data["counts"].items() if count} == truth
    assert {(device["urn"], device["asset"]) for device in data["devices"]} == assets
    findings = [finding for one in (*data["devices"], *data["schools"]) for finding in one["findings"]]
    assert len(findings) == sum(truth.values())
    assert sum(sum(school["counts"].values()) for school in data["schools"]) == sum(truth.values())

    text = printed(status)
    total = next(line for line in text.splitlines() if re.match(r"[0-9,]+ findings? on ", line))
    assert tallied(total.partition(": ")[2].partition(";")[0]) == truth
    marked = [line for line in text.splitlines() if line == data["marking"]]
    assert len(marked) == 2 and text.startswith(data["marking"])
    assert text.rstrip().endswith(f": exit {status.exit_code}") and data["exit_code"] == status.exit_code
    lines = [line.split() for line in text.splitlines()]
    assert all(any(words[:2] == [asset, "linux"] for words in lines) for _, asset in assets)

    page = Page(render(status))
    rows = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    start = rows.index(["Verdict", "Findings", "Meaning"]) + 1
    found = {}
    for row in rows[start : start + len(truth)]:
        found.update(tallied(f"{row[1]} {row[0]}"))
    assert found == truth
    listed = [row for row in rows if len(row) == 4 and ", desktop, office, " in row[0]]
    assert sorted(row[0].split()[0] for row in listed) == sorted(asset for _, asset in assets)
    summed: dict[Verdict, int] = {}
    for row in listed:
        words = row[1]
        for verdict, count in tallied(words).items():
            summed[verdict] = summed.get(verdict, 0) + count
    of_schools = [row for row in rows if len(row) == 3 and row[0].split()[0] in ("FWD-04", "LBL-03", "REM-11", "REM-13")]
    assert len(of_schools) == sum(len(school["findings"]) for school in data["schools"])
    for row in of_schools:
        verdict = next(found for word, found in WORDS.items() if row[1].startswith(word))
        summed[verdict] = summed.get(verdict, 0) + 1
        assert any(
            line.split()[:1] == [row[0].split()[0]] and word in line
            for word in [VERDICTS[verdict]]
            for line in text.splitlines()
        )
    assert summed == truth


def test_large_counts_are_grouped_by_thousands_everywhere() -> None:
    status = samples.large(400)
    assert "3,200 findings on 400 devices" in printed(status)
    assert "3,200 findings in all" in render(status)
