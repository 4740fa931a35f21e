"""Findings from the store: equal ones are one object, and what is not the same stays apart."""

from __future__ import annotations

import json
from typing import Any

from leeboard.evidence.bundles.texts import thin
from leeboard.evidence.store.finding_cache import FindingPool
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding, Judged
from leeboard.model.verdicts import Verdict


def judged(setting: str, seen: str = "", values: tuple[Any, ...] = ()) -> Judged:
    return Judged(setting, "a title", f"dconf:/{setting}", Verdict.DRIFTED, seen=seen, values=values)


def finding(*settings: Judged) -> Finding:
    return Finding("LCK-01", Verdict.DRIFTED, Mode.ENFORCE, settings)


def read(*several: Finding) -> list[Finding]:
    """Each as another device's, all with the same texts."""
    texts, _ = thin([one.as_json() for one in several])
    pool = FindingPool(lambda _digest: json.dumps({"texts": texts}).encode())
    lines = (json.dumps({"findings": thin([one.as_json()])[1]}).encode() for one in several)
    return [found for line in lines for found in pool.read(line, "a digest")]


def test_equal_findings_are_one() -> None:
    first, second = read(finding(judged("delay", "900")), finding(judged("delay", "900")))
    assert first == finding(judged("delay", "900")) and second is first


def test_what_two_findings_have_alike_is_kept_once() -> None:
    first, second = read(*(finding(judged("delay", seen), judged("lock")) for seen in ("900", "800")))
    assert [one.seen for one in (first.judged[0], second.judged[0])] == ["900", "800"]
    assert second.judged[1] is first.judged[1]


def test_a_number_and_a_switch_are_not_the_same() -> None:
    first, second = read(finding(judged("lock", values=(1,))), finding(judged("lock", values=(True,))))
    assert [first.judged[0].values, second.judged[0].values] == [(1,), (True,)]
    assert isinstance(second.judged[0].values[0], bool) and not isinstance(first.judged[0].values[0], bool)
