"""What reports are arranged by: nothing is hidden, nobody is lost, and each remedy is said once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding, Judged, best_route
from leeboard.model.verdicts import Verdict, worst
from leeboard.model.words import age
from leeboard.report import overview, words
from leeboard.verdict.status import DeviceStatus
from tests.unit.report import samples
from tests.unit.report.samples import AT, HOSTILE, device, estate, everywhere, finding, judged, status


def test_headline_of_the_mixed_estate() -> None:
    assert overview.headline(samples.mixed().devices) == overview.Headline(
        devices=17, clear=8, accepted=1, drifted=3, unknown=7, in_both=1
    )


@pytest.mark.parametrize("seed", range(60))
def test_every_device_is_clear_drifted_or_unknown(seed: int) -> None:
    devices = samples.some(seed).devices
    sums = overview.headline(devices)
    assert sums.clear + sums.drifted + sums.unknown - sums.in_both == sums.devices == len(devices)


def test_drift_behind_an_error_in_the_same_control_is_drift_and_is_listed() -> None:
    found = Finding(
        "AUD-01", Verdict.ERROR, Mode.ENFORCE, (judged(Verdict.DRIFTED), judged(Verdict.ERROR, code="busy"))
    )
    it = DeviceStatus(device("A-1"), "observed", (found,), AT)
    assert overview.has_drifted(it)
    assert [one.verdict for one in overview.blamed(found)] == [Verdict.ERROR, Verdict.DRIFTED]


def test_a_way_that_was_not_needed_is_not_blamed() -> None:
    found = Finding("LCK-01", Verdict.PENDING, Mode.ENFORCE, (judged(Verdict.DRIFTED), judged(Verdict.PENDING)))
    assert [one.verdict for one in overview.blamed(found)] == [Verdict.PENDING]


WAY, OTHER = "machine limit", "screen saver of each user"
MACHINE = judged(Verdict.DRIFTED, setting="limit", route=WAY)
USER = tuple(judged(Verdict.DRIFTED, setting=f"saver-{place}", route=OTHER) for place in range(4))


@pytest.mark.parametrize(
    ("found", "to_blame"),
    [
        ((replace(MACHINE, verdict=Verdict.COMPLIANT), *USER, judged(Verdict.DRIFTED, setting="grace")), ["grace"]),
        ((MACHINE, *USER), ["limit"]),
        ((MACHINE, *USER, judged(Verdict.DRIFTED, setting="grace")), ["limit", "grace"]),
        ((MACHINE, USER[0], *(replace(one, verdict=Verdict.COMPLIANT) for one in USER[1:])), ["limit", "saver-0"]),
        ((replace(MACHINE, verdict=Verdict.NOT_APPLICABLE), *USER[:2]), ["saver-0", "saver-1"]),
        ((replace(MACHINE, verdict=Verdict.ERROR), *USER[:2]), ["limit", "saver-0", "saver-1"]),
        ((replace(MACHINE, verdict=Verdict.PENDING), *USER[:2]), ["limit"]),
    ],
)
def test_of_several_ways_the_one_that_is_nearest_is_blamed(found: tuple[Judged, ...], to_blame: list[str]) -> None:
    verdicts = [one.verdict for one in found if one.route == ""] + [best_route(found) or Verdict.COMPLIANT]
    whole = Finding("LCK-01", worst(verdicts), Mode.ENFORCE, found)
    assert [one.setting for one in overview.blamed(whole)] == to_blame


def test_of_a_waived_finding_the_same_is_blamed() -> None:
    accepted = replace(MACHINE, verdict=Verdict.WAIVED)
    found = Finding("LCK-01", Verdict.WAIVED, Mode.ENFORCE, (accepted, *USER))
    assert overview.blamed(found) == (accepted,)


def test_drift_that_is_only_reported_is_not_clear() -> None:
    found = finding("LCK-01", Verdict.DRIFTED, Mode.REPORT)
    assert not overview.is_clear(DeviceStatus(device("A-1"), "observed", (found,), AT))


def test_a_device_of_which_nothing_can_be_checked_is_not_clear() -> None:
    every = tuple(finding(control, Verdict.NOT_CHECKED) for control in samples.CONTROLS)
    it = DeviceStatus(device("A-1"), "observed", every, AT)
    assert estate(it).exit_code == 0
    assert not overview.is_clear(it)
    assert overview.is_unknown(it)


def test_fresh_evidence_of_nothing_is_still_nothing() -> None:
    fresh = Finding("FWD-03", Verdict.COMPLIANT, Mode.REPORT, (judged(Verdict.COMPLIANT, address="evidence_age:x"),))
    every = tuple(finding(control, Verdict.NOT_CHECKED) for control in samples.CONTROLS)
    for findings in ((fresh,), (fresh, *every)):
        it = DeviceStatus(device("A-1"), "observed", findings, AT)
        assert overview.is_unknown(it) and not overview.is_clear(it)
    assert overview.standing(DeviceStatus(device("A-1"), "observed", (fresh, *every), AT)) is Verdict.NOT_CHECKED


def test_planned_controls_do_not_make_a_device_look_unchecked() -> None:
    it = status(device("A-1"), {"ENC-01": Verdict.NOT_CHECKED})
    assert overview.standing(it) is Verdict.COMPLIANT
    assert it.verdict is Verdict.NOT_CHECKED
    assert overview.is_clear(it)
    assert overview.planned([it]) == ("ENC-01",)


def test_groups_say_each_remedy_once_and_put_the_severe_first() -> None:
    devices = [status(device(f"A-{n}"), {"LBL-02": Verdict.DRIFTED, "LCK-01": Verdict.DRIFTED}) for n in range(5)]
    found = overview.groups(estate(*devices), Verdict.DRIFTED)
    assert [group.about.id for group in found] == ["LCK-01", "LBL-02"]
    assert len(found[0].hits) == 5
    assert len(found[0].todo) == 1


def test_errors_are_advised_on_by_their_code_not_by_the_remedy_for_drift() -> None:
    found = overview.groups(estate(status(device("A-1"), {"LCK-01": Verdict.ERROR})), Verdict.ERROR)
    assert found[0].todo == (words.ADVICE["needs_root"],)


def test_an_error_of_a_whole_device_is_a_gap_and_not_eight_groups() -> None:
    stranger = everywhere(device("A-1"), Verdict.ERROR, "another_machine", "another machine answered", AT)
    assert overview.groups(estate(stranger), Verdict.ERROR) == ()
    assert overview.gap(stranger) == "another_machine"


def test_an_error_without_settings_on_a_device_that_was_seen_is_grouped() -> None:
    it = everywhere(device("A-1"), Verdict.ERROR, "observed", "leeboard_urn is missing", AT)
    assert overview.gap(it) is None
    assert len(overview.groups(estate(it), Verdict.ERROR)) == len(samples.CONTROLS)


@pytest.mark.parametrize(
    ("asset", "gap"),
    [
        ("EP-0001", None),
        ("EP-0003", "other"),
        ("EP-0006", "silent"),
        ("YT-0001", "another_machine"),
        ("YT-0002", "missing"),
        ("YT-0003", "stale"),
        ("YT-0004", "failed"),
    ],
)
def test_gaps(asset: str, gap: str | None) -> None:
    assert {d.device.asset: overview.gap(d) for d in samples.mixed().devices}[asset] == gap


def test_drifting_since_is_the_longest_drift() -> None:
    it = status(device("A-1"), {"LCK-01": Verdict.DRIFTED, "LBL-02": Verdict.DRIFTED})
    assert overview.drifting_since(it) == it.since["LBL-02"] < it.since["LCK-01"]
    assert overview.drifting_since(status(device("A-1"), {})) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_clean_gives_one_printable_line_and_is_settled_after_once(text: str) -> None:
    cleaned = words.clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) <= 400
    assert words.clean(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_piled_up_accents_are_escaped_and_a_few_are_not() -> None:
    assert "\u0301" not in words.clean("z" + "\u0301" * 50)
    assert words.clean("Ysgol Tŷ Gwyn, e\u0301cole") == "Ysgol Tŷ Gwyn, e\u0301cole"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=-1), "in the future: a clock is wrong"),
    ],
)
def test_age(span: timedelta, said: str) -> None:
    assert age(AT - span, AT) == said


def test_every_verdict_outcome_and_gap_has_words() -> None:
    assert set(words.VERDICTS) == set(words.MEANINGS) == set(Verdict)
    assert set(words.OUTCOMES) == set(samples.OUTCOMES)
    assert {words.both(verdict) for verdict in Verdict} >= {"drifted", "could not be read (error)", "not checked"}
