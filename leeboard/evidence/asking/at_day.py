"""What was known of a device at a moment: the run that saw it last until then, read from its bundle, with its hash.

The store says which bundle that is. What it says is read from the file, whose hash is compared with the one by which
the store knows it: so whoever is shown the answer can be shown the file as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from leeboard.errors import LeeboardError
from leeboard.evidence.asking.history import Key
from leeboard.evidence.bundles.chain import file_digest
from leeboard.evidence.bundles.files import find
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.loading.visits import Judge, collect, unanswered
from leeboard.evidence.store.history import Points, text_of
from leeboard.evidence.store.tables import BundleRow
from leeboard.model.finding import Finding
from leeboard.policy.model import Baseline


@dataclass(frozen=True)
class Night:
    """A bundle as the store knows it; `sha256` is that of its closed file. `asset` is the device's tag in it."""

    urn: str
    asset: str
    run: str
    at: datetime
    action: str
    baseline: str
    sha256: str


@dataclass(frozen=True)
class Nights:
    """The runs that count at a moment: the last that expected the device, and the last that observed it."""

    expected: Night | None
    observed: Night | None


@dataclass(frozen=True)
class Filed:
    """What a bundle has of a device. `problems` say what is not as it was written; `found` is its file's hash now.

    `answered` is when the device answered, `echoed` whether that answered the challenge of the visit (None: no bundle
    of that time has one). `judged_now` says that the bundle has no findings, so that today's baseline judged.
    """

    night: Night
    path: Path | None = None
    found: str = ""
    outcome: str = "not_seen"
    message: str = ""
    device: Expected | None = None
    answered: datetime | None = None
    echoed: bool | None = None
    readings: int = 0
    findings: tuple[Finding, ...] = ()
    judged_now: bool = False
    problems: Sequence[str] = ()


def nights(session: Session, keys: Iterable[Key], until: datetime) -> Nights:
    """The runs that count at a moment (aware), by the times that they claim, under any of a device's names."""
    expected: list[Night] = []
    observed: list[Night] = []
    texts: dict[str, list[str]] = {}
    for urn, asset in keys:
        places = {point.place for point in Points(session, urn).of(asset)}
        query = select(BundleRow).where(BundleRow.urn == urn).order_by(BundleRow.place)
        for row in session.scalars(query):
            at = datetime.fromisoformat(row.started)
            if at >= until:
                continue
            night = Night(urn, asset, row.run, at, row.action, row.baseline, row.file_sha256)
            if row.expected not in texts:
                texts[row.expected] = text_of(session, row.expected)
            if asset in texts[row.expected]:
                expected.append(night)
            if row.place in places:
                observed.append(night)
    return Nights(*(max(several, key=lambda one: one.at, default=None) for several in (expected, observed)))


def read_night(folder: Path, night: Night, baseline: Baseline) -> Filed:
    """What the bundle of a night says of its device; `folder` is its school's.

    Never raises for what the file holds: that is a problem, told in one line.
    """
    path = find(folder, night.run)
    if path is None:
        return Filed(night, problems=(f"its bundle is not in {folder}: put away, or lost (leeboard verify)",))
    try:
        digest = file_digest(path)
        filed = _read(Filed(night, path, digest), path, baseline)
    except (LeeboardError, OSError) as problem:
        return Filed(night, path, problems=(str(problem),))
    if digest != night.sha256:
        wrong = "the file is not the one that was loaded: its hash is another one (leeboard verify)"
        filed = replace(filed, problems=(wrong, *filed.problems))
    return filed


def _read(filed: Filed, path: Path, baseline: Baseline) -> Filed:
    with Reader(path) as reader:
        records = collect(reader).get(filed.night.asset)
        filed = replace(filed, device=reader.expected.get(filed.night.asset))
        if records is None:
            return filed
        last, seen = records.last.line, records.observed
        filed = replace(filed, outcome=last.outcome, message=last.message)
        if seen is None:
            return filed
        wrong = unanswered(reader.header, seen.line)
        device = seen.line.device or (filed.device.device if filed.device else None)
        said = seen.observation() or {}
        readings = said.get("readings")
        found = Judge(baseline).findings(seen, device) if device is not None else ()
        return replace(
            filed,
            answered=seen.line.at,
            echoed=not wrong if reader.header.salt else None,
            readings=len(readings) if isinstance(readings, list) else 0,
            findings=found,
            judged_now=seen.judged is None,
            problems=(wrong,) if wrong else (),
        )
