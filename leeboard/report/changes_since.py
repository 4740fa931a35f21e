"""What is new since the night before: a short text that a technician reads first, from two states of the same estate.

The state of the night before lies beside the text, so that what no run sees (out of date, never seen) counts as well.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.words import number, when
from leeboard.report import overview
from leeboard.report.silence import is_silent
from leeboard.report.words import VERDICTS, clean
from leeboard.storage import files
from leeboard.verdict.cause import alike
from leeboard.verdict.status import EstateStatus

SCHEMA = 1
BESIDE = ".state.gz"  # what the name of the state has behind that of the text
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
MOST_BYTES = 512 * 1024 * 1024

# (URN, asset tag or "" for the school as a whole, control) -> verdict
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Before:
    """What was not well at the moment `at`, and which devices there were, as (URN, asset tag).

    `causes` are those of what was not well, as far as they were known.
    """

    at: datetime
    wrong: Mapping[Key, Verdict]
    devices: frozenset[tuple[str, str]]
    causes: Mapping[Key, str] = field(default_factory=dict)

    def has(self, key: Key, finding: Finding) -> bool:
        """True when this was not well in the same way, for the same cause as far as both are known."""
        return self.wrong.get(key) is finding.verdict and alike(self.causes.get(key, ""), finding.cause)


def write_news(status: EstateStatus, path: Path, whole: bool = True) -> None:
    """Write what is new since the last time into `path`, and the state for the next time beside it.

    Without `whole` the status is of a part of the inventory, and what the state says of other schools stays.
    The text is there before the state is: whoever is killed in between reads the same news again, and none is lost.
    Raises LeeboardError where a file cannot be written.
    """
    beside = path.with_name(f"{path.name}{BESIDE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.locked(path.with_name(f".{path.name}.lock")):
            before = read_before(beside)
            text = "\n".join(lines(status, before)) + "\n"
            files.replace(path, text.encode())
            kept = None if whole else before
            files.replace(beside, gzip.compress(json.dumps(_state(status, kept)).encode(), mtime=0))
    except OSError as problem:
        raise LeeboardError(f"{problem.filename or path}: the news cannot be written: {problem.strerror}") from None


def lines(status: EstateStatus, before: Before | None) -> Iterator[str]:
    """The news in lines: a summary, then school by school what is new, what is mended, which devices came and went."""
    now = dict(_wrong(status))
    if before is None:
        yield f"Nothing to compare with yet: this is the first night, {when(status.at)}."
        yield f"{number(len(now), 'finding')} not well on {number(len(status.devices), 'device')}."
        return
    devices = {(one.device.urn, one.device.asset) for one in status.devices}
    new = [key for key, finding in now.items() if not before.has(key, finding)]
    schools = {one.urn: one.name for one in overview.schools(status)}
    # A school that was not looked at this time (--school) has no news.
    well = [key for key in before.wrong if key not in now and key[0] in schools and (not key[1] or key[:2] in devices)]
    # Nobody mends what nobody knew: the first sighting of a device, or one that could be checked again.
    mended = [key for key in well if before.wrong[key] not in overview.UNKNOWN]
    known = Counter((key[:2], before.wrong[key]) for key in well if before.wrong[key] in overview.UNKNOWN)
    gone = sorted(one for one in before.devices - devices if one[0] in schools)
    came = sorted(devices - before.devices)
    went = f"{number(len(came), 'device')} came, {len(gone)} went"
    silent = sum(map(is_silent, status.devices))
    yield f"Since {when(before.at)}: {len(new)} new, {len(mended)} mended, {went}; {number(silent, 'device')} not seen."
    for problem in status.problems:
        yield f"problem: {clean(problem, 2000)}"
    told: dict[str, list[str]] = {urn: [] for urn in schools}
    for key in new:
        told[key[0]].append(f"  new: {_about(status, key, now[key], before.wrong.get(key))}")
    for key in mended:
        told[key[0]].append(f"  mended: {_who(key)} {key[2]} (was {VERDICTS[before.wrong[key]]})")
    for ((urn, asset), was), count in known.items():
        told[urn].append(f"  known: {_who((urn, asset, ''))}, {number(count, 'finding')} well (was {VERDICTS[was]})")
    for urn, asset in came:
        told[urn].append(f"  came: {asset}")
    for urn, asset in gone:
        told[urn].append(f"  went: {clean(asset)} is not on the inventory any more")
    for urn, said in told.items():
        if said:
            yield from ("", f"{urn} {schools[urn]}", *said)


def forget(beside: Path, keys: Collection[tuple[str, str]], still_there: bool) -> None:
    """Take devices, each by URN and asset tag, out of the state that the last news left, so that no news names them.

    With `still_there` they stay among the devices that there are. A state that makes no sense is of no use, and goes.
    """
    with files.locked(beside.with_name(f".{beside.name.removesuffix(BESIDE)}.lock")):
        content = files.read_regular(beside, MOST_BYTES)
        if content is None:
            return
        try:
            said = json.loads(gzip.decompress(content))
            said["wrong"] = [one for one in said["wrong"] if (one[0], one[1]) not in keys]
            if not still_there:
                said["devices"] = [one for one in said["devices"] if (one[0], one[1]) not in keys]
        except (ValueError, KeyError, TypeError, IndexError, EOFError, OSError):
            beside.unlink()
            return
        files.replace(beside, gzip.compress(json.dumps(said).encode(), mtime=0))


def tells_of(beside: Path, keys: Collection[tuple[str, str]]) -> bool:
    """True when the state that the last news left says what was not well on one of these devices."""
    before = read_before(beside)
    return before is None or any(key[:2] in keys for key in before.wrong)


def read_before(path: Path) -> Before | None:
    """The state that the last news left; None where there is none, or it makes no sense."""
    try:
        content = files.read_regular(path, MOST_BYTES)
        said = json.loads(gzip.decompress(content)) if content is not None else None
        if said is None or said["schema"] != SCHEMA:
            return None
        wrong = {(urn, asset, control): Verdict(verdict) for urn, asset, control, verdict, *_ in said["wrong"]}
        # A state that an older Leeboard left has no causes.
        causes = {(one[0], one[1], one[2]): str(one[4]) for one in said["wrong"] if len(one) > 4}
        at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        return Before(at, wrong, frozenset((urn, asset) for urn, asset in said["devices"]), causes)
    except (ValueError, KeyError, TypeError, EOFError, OSError):
        return None


def _state(status: EstateStatus, kept: Before | None) -> dict[str, Any]:
    """The state for the next time; of schools that are not in `status` what was `kept` from the time before."""
    here = {one.device.urn for one in status.devices}
    older, others = [], []
    if kept is not None:
        elsewhere = [(key, verdict) for key, verdict in kept.wrong.items() if key[0] not in here]
        older = [[*key, verdict.value, kept.causes.get(key, "")] for key, verdict in elsewhere]
        others = [[*one] for one in sorted(kept.devices) if one[0] not in here]
    return {
        "schema": SCHEMA,
        "at": status.at.astimezone(UTC).isoformat(timespec="seconds"),
        "wrong": [[*key, finding.verdict.value, finding.cause] for key, finding in _wrong(status)] + older,
        "devices": [[one.device.urn, one.device.asset] for one in status.devices] + others,
    }


def _wrong(status: EstateStatus) -> Iterable[tuple[Key, Finding]]:
    """What is not well, school by school: what Leeboard cannot check yet is no news."""
    for school in overview.schools(status):
        of_school = [("", finding) for finding in (school.whole.findings if school.whole else ())]
        of_devices = [(one.device.asset, finding) for one in school.devices for finding in one.findings]
        for asset, finding in (*of_school, *of_devices):
            if finding.verdict not in WELL and not finding.planned_only:
                yield (school.urn, asset, finding.control), finding


def _about(status: EstateStatus, key: Key, finding: Finding, was: Verdict | None) -> str:
    about = overview.about(status.baseline, finding.control)
    before = f", was {VERDICTS[was]}{' for another cause' if was is finding.verdict else ''}" if was else ""
    why = overview.reason(finding)
    return f"{_who(key)} {about.id} {VERDICTS[finding.verdict]}{before}: {about.title}{f' ({why})' if why else ''}"


def _who(key: Key) -> str:
    return clean(key[1]) if key[1] else "the school"
