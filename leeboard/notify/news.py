"""What is new at a school since somebody was told last, in counts: what a message may say. No device is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.export.source import Since, Source
from leeboard.report.silence import is_silent
from leeboard.report.words import clean
from leeboard.verdict.status import EstateStatus

SEVERITIES = ("critical", "high", "medium", "low")
FINE = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE, Verdict.WAIVED)
VISITS = ("check", "enforce")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SchoolNews:
    """One school after its run `run`, which `began` then.

    `new` counts findings by severity that were not there before, `mended` those that are not any more; `came` devices
    that nobody expected before, `out_of_date` those whose last answer does not count any more. The rest is how all of
    its devices stand.
    """

    urn: str
    name: str
    marking: str
    run: str
    began: datetime
    broken_off: bool
    new: Mapping[str, int]
    mended: int
    came: int
    out_of_date: int
    devices: int
    clear: int
    drifted: int
    unknown: int
    silent: int

    @property
    def anything(self) -> bool:
        """True where there is something to tell."""
        return bool(self.total or self.mended or self.came or self.out_of_date or self.broken_off)

    @property
    def total(self) -> int:
        """How many findings are new."""
        return sum(self.new.values())


def news(source: Source, urn: str, told: str) -> SchoolNews | None:
    """What is new since the run `told`, "" where nobody was told yet: then since the run before the last one.

    None where no run came after it, or there is none at all.
    """
    runs = [bundle for bundle in source.bundles(urn) if bundle.link.action in VISITS]
    if not runs or runs[-1].run == told:
        return None
    last = runs[-1]
    before = next((one for one in runs if one.run == told), runs[-2] if len(runs) > 1 else None)
    since = Since(before.started, "", before.run) if before else Since(LONG_AGO, "")
    status, found = source.status(urn), source.changed(urn, since)
    here = {one.device.asset for one in status.devices}
    bad = {
        (one.device.asset, finding.control)
        for one in status.devices
        for finding in one.findings
        if finding.verdict not in FINE and not finding.planned_only
    }
    severities = (overview.about(source.baseline, control).severity for _, control in found.new & bad)
    sums = overview.headline(status.devices)
    return SchoolNews(
        urn=urn,
        name=clean(source.names().get(urn, ""), 120),
        marking=overview.marking(status).line,
        run=last.run,
        began=last.started,
        broken_off=last.broken_off,
        new=Counter(one if one in SEVERITIES else SEVERITIES[0] for one in severities),
        mended=sum(asset in here for asset, _ in found.mended),
        came=len(found.came & here),
        out_of_date=_out_of_date(status, since.at),
        devices=sums.devices,
        clear=sums.clear,
        drifted=sums.drifted,
        unknown=sums.unknown,
        silent=sum(map(is_silent, status.devices)),
    )


def _out_of_date(status: EstateStatus, since: datetime) -> int:
    return sum(
        any(f.verdict is Verdict.STALE and one.since.get(f.control, LONG_AGO) > since for f in one.findings)
        for one in status.devices
    )
