"""What every report is made from: the devices of some schools as they stand at one moment.

`leeboard.evidence.status` makes these from the store and a clock; terminal, page and JSON only show them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict, worst
from leeboard.model.waiver import Waiver
from leeboard.policy.model import Baseline
from leeboard.verdict.waivers import Standing

# The verdict on a device of which there is no finding at all, by outcome.
NOTHING_FOUND = {
    "other": Verdict.NOT_CHECKED,
    "never": Verdict.MISSING,
    "not_seen": Verdict.MISSING,
    "unreachable": Verdict.MISSING,
}


@dataclass(frozen=True)
class DeviceStatus:
    """One device as it stands.

    `outcome` is what the last run that expected it got: observed, unreachable, failed, another_machine, not_seen (it
    was expected and nothing came), other (its platform is never checked) or never (no run expected it yet).
    `findings` are of the last observation, with stale and missing already put in; `since` tells, by control, since when
    its verdict has stood; `seen` when the device was last observed (None: never). `waived` has, by control, the waiver
    that made a drifted finding waived.
    """

    device: Device
    outcome: str
    findings: tuple[Finding, ...]
    seen: datetime | None = None
    message: str = ""
    since: Mapping[str, datetime] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    waived: Mapping[str, Waiver] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all findings; of a device without any, what we do not know of it: never "fine"."""
        if not self.findings:
            return NOTHING_FOUND.get(self.outcome, Verdict.ERROR)
        return worst(finding.verdict for finding in self.findings)

    @property
    def unjudged(self) -> bool:
        """True when the visit as a whole gave no answer that counts, whatever findings are still on file."""
        return self.outcome in ("failed", "another_machine") or (not self.findings and self.outcome != "other")


@dataclass(frozen=True)
class SchoolStatus:
    """What is asked of a school as a whole, at the level of its most sensitive device.

    `recipients` are those whom the school names for its reports, in one line, or "". `waived` is as that of a device.
    `history` says in words under which other URNs its evidence was filed before, "" for none. `enforces` says what a
    roll-out may change there, since when and by whose word.
    """

    urn: str
    name: str
    level: Level
    findings: tuple[Finding, ...]
    recipients: str = ""
    waived: Mapping[str, Waiver] = field(default_factory=dict)
    history: str = ""
    enforces: str = ""


@dataclass(frozen=True)
class EstateStatus:
    """All devices that a report speaks of, at the moment `at` (aware, UTC), and what is asked of their schools.

    `problems` are one-line texts about the run as a whole: a broken-off bundle, a host without a school, a bundle that
    could not be read, a waiver without effect. `waivers` are all that these devices carry, in force or not.
    """

    devices: tuple[DeviceStatus, ...]
    baseline: Baseline
    at: datetime
    problems: tuple[str, ...] = ()
    schools: tuple[SchoolStatus, ...] = ()
    waivers: tuple[Standing, ...] = ()

    def every_finding(self) -> Iterator[tuple[DeviceStatus | None, Finding]]:
        """Every finding, with the device that it is of; None: it is of a school as a whole."""
        yield from ((device, finding) for device in self.devices for finding in device.findings)
        yield from ((None, finding) for school in self.schools for finding in school.findings)

    def counts(self) -> Counter[Verdict]:
        """How many findings have each verdict."""
        return Counter(finding.verdict for _, finding in self.every_finding())

    @property
    def exit_code(self) -> int:
        """0, 2 or 3 as docs/exit-codes.md says; 3 (we do not know) comes before 2 (we know it drifted)."""
        if self.problems or any(status.unjudged for status in self.devices):
            return 3
        if any(unknown(status, finding) for status, finding in self.every_finding()):
            return 3
        return 2 if any(self.fails(status, finding) for status, finding in self.every_finding()) else 0

    def fails(self, status: DeviceStatus | None, finding: Finding) -> bool:
        """True for a finding that leads to exit code 2: drift that is enforced, or that fails in mode report too.

        Without a device the finding is of a school as a whole.
        """
        in_report_too = self._fail_in_report[status.device.form] if status is not None else ()
        return finding.verdict is Verdict.DRIFTED and fails(finding.control, finding.mode, in_report_too)

    @cached_property
    def _fail_in_report(self) -> dict[Form, frozenset[str]]:
        return {form: self.baseline.fails_in_report(form) for form in Form}


def fails(control: str, mode: str, in_report_too: Collection[str]) -> bool:
    """True for drift that counts: it is enforced, or of a control that fails in mode report as well."""
    return mode == Mode.ENFORCE or (mode == Mode.REPORT and control in in_report_too)


def unknown(status: DeviceStatus | None, finding: Finding) -> bool:
    """True for a finding that leads to exit code 3: we do not know, and should. Without a device: of a school."""
    if finding.verdict is Verdict.NOT_CHECKED:
        return not finding.planned_only and (status is None or status.outcome != "other")
    return finding.verdict in (Verdict.ERROR, Verdict.STALE, Verdict.MISSING) and finding.mode is not Mode.OFF
