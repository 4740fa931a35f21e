"""Findings at another moment: what a device said once, judged again where the verdict follows from the time as well.

Nothing is read for it but the finding, which keeps what such a setting was judged by (`Judged.asked`): a certificate
that has ended since the last visit is no longer compliant in any report, though no device said anything new. Answers in
which the device had counted itself keep their verdict, which nobody can work out anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from leeboard.model.finding import Finding, Judged
from leeboard.model.observation import Found, measurements
from leeboard.model.verdicts import Verdict
from leeboard.policy.resolve import Wanted, WantedSetting
from leeboard.verdict.evaluate import combined, derived
from leeboard.verdict.judgements.moments import LATELY

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # the end of certificates that have none (RFC 5280, 4.1.2.5)
FROM_THE_TIME = (Verdict.COMPLIANT, Verdict.DRIFTED, Verdict.PENDING)


def again(wanted: Wanted, finding: Finding, at: datetime) -> Finding:
    """The finding as it is at a moment; the very same where nothing in it follows from the time."""
    if not any(one.asked for one in finding.judged):
        return finding
    control = next((one for one in wanted.controls if one.control.id == finding.control), None)
    if control is None:
        return finding
    settings = {one.setting.id: one for one in control.settings}
    judged = tuple(_again(settings.get(one.setting), one, at) for one in finding.judged)
    if [one.verdict for one in judged] == [one.verdict for one in finding.judged]:
        return replace(finding, judged=judged)
    return combined(replace(finding, judged=judged, mode=control.mode))


def next_change(wanted: Wanted, findings: Iterable[Finding], after: datetime) -> datetime | None:
    """The next moment from `after` on a second after which a finding has another verdict; None: there is none.

    Only the moments that a device named, and those as many days before or after them as the baseline wants, can be one.
    """
    changes = [change for finding in findings if (change := _change(wanted, finding, after)) is not None]
    return min(changes, default=None)


def _change(wanted: Wanted, finding: Finding, after: datetime) -> datetime | None:
    settings = {one.setting.id: one for one in wanted.settings if one.control.id == finding.control}
    moments = {
        moment
        for one in finding.judged
        if one.asked and one.setting in settings
        for moment in _moments(settings[one.setting], one.asked)
    }
    now = again(wanted, finding, after).verdict
    later = sorted(moment for moment in moments if after - SECOND < moment < NEVER)
    return next((moment for moment in later if again(wanted, finding, moment + SECOND).verdict is not now), None)


def _moments(setting: WantedSetting, asked: Iterable[str]) -> Iterable[datetime]:
    days = setting.value if isinstance(setting.value, int) else 0
    spans = (timedelta(0), LATELY, days * DAY, -days * DAY, (days + 1) * DAY)
    for text in MOMENT.findall(" ".join(asked)):
        for span in spans:
            try:
                yield datetime.fromisoformat(text).replace(tzinfo=UTC) + span
            except (ValueError, OverflowError):
                continue  # no day, or one beyond all calendars: nothing ends there


def _again(setting: WantedSetting | None, judged: Judged, at: datetime) -> Judged:
    """One setting at a moment. What is pending for another reason does not become compliant by the time."""
    if setting is None or not judged.asked or setting.setting.judgement is None:
        return judged
    if judged.verdict not in FROM_THE_TIME:
        return judged
    found = Found(state="value", value=list(judged.asked), source=judged.source)
    now = derived(setting, setting.setting.judgement, found, measurements(()), at)
    if judged.verdict is Verdict.PENDING and now.verdict is Verdict.COMPLIANT:
        return judged
    if now.verdict is judged.verdict:
        return replace(judged, seen=now.seen, reason=now.reason, values=now.values)
    parts = ("verdict", "seen", "reason", "code", "values")
    return replace(judged, **{part: getattr(now, part) for part in parts})
