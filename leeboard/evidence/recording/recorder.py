"""What the callback does, without Ansible: one run, a bundle a school, a line a device.

A run that cannot record must not go on as if it did. Before anything is started that is a LeeboardError. Later (the
disk is full) the actions are told by the handshake, so that each device from then on fails with the reason, and the
run ends with an error: `failed` says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.estate.journal import Anchor
from leeboard.evidence.bundles.challenge import new_salt
from leeboard.evidence.bundles.schema import MESSAGE_LENGTH, OUTCOMES, Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer, expected_json
from leeboard.evidence.recording import handshake
from leeboard.evidence.recording.expected import told_apart
from leeboard.evidence.recording.journal_edits import note
from leeboard.model.run_id import new_run_id, stamp, started_of
from leeboard.model.values import plain
from leeboard.model.waiver import Waiver
from leeboard.version import __version__

TAKEN = ("visit", "device", "identity", "observation", "findings", "changes")


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


class Recorder:
    """One run of Ansible. `evidence` is the evidence folder, `baseline` the digest of the policy in use."""

    def __init__(self, evidence: Path, baseline: str, clock: Callable[[], datetime] = now) -> None:
        self.evidence = evidence
        self.failed = ""
        self._baseline, self._clock = baseline, clock
        self.run = new_run_id(clock())
        self._salt, self._began = new_salt(), time.monotonic()
        self._pid = os.getpid()
        self._writers: dict[str, Writer] = {}
        self._devices: dict[str, Expected] = {}
        self._listed: dict[str, dict[Waiver, None]] = {}
        self._filed: set[str] = set()
        self._busy = False

    @property
    def recording(self) -> bool:
        """True while a bundle is open."""
        return bool(self._writers) and os.getpid() == self._pid

    def expect(
        self, devices: Iterable[Expected], action: str, listed: Mapping[str, Iterable[Waiver]] | None = None
    ) -> None:
        """Open the bundles of a play's schools and announce the run; later plays add to them.

        Before, each school's journal learns what was edited by hand. `listed` has by URN the waivers in the lists of
        the devices' hosts, whole, where those are known.
        All schools or none: raises LeeboardError when one of them is in use by another run, or cannot be written.
        """
        schools: dict[str, list[Expected]] = {}
        for device in told_apart(devices):
            schools.setdefault(device.urn, []).append(device)
        for urn, waivers in (listed or {}).items():
            self._listed.setdefault(urn, {}).update(dict.fromkeys(waivers))
        locks: dict[str, SchoolLock] = {}
        opened: dict[str, Writer] = {}
        try:
            for urn in schools:
                if urn not in self._writers:
                    locks[urn] = SchoolLock(self.evidence, urn, self.run)
            for urn, school in schools.items():
                if urn in self._writers:
                    if not all(self._writers[urn].expects(device.asset) for device in school):
                        self._writers[urn].expect(school, self._journal(urn, school))
                else:
                    opened[urn] = self._open(locks[urn], urn, school, action)
        except (OSError, LeeboardError) as problem:
            for writer in opened.values():
                writer.path.unlink(missing_ok=True)  # it holds a header only; left, it would say nobody was seen
                writer.abandon()
            for lock in locks.values():
                lock.release()
            if isinstance(problem, LeeboardError):
                raise
            raise LeeboardError(self._cannot_write(problem)) from None
        self._writers.update(opened)
        self._devices.update({device.name: device for school in schools.values() for device in school})
        # Also without any school: a host that has none is to hear that from the action, not that nobody records.
        if not self.failed:
            self._announce()

    def expects(self, name: str) -> bool:
        """True for a host of one of the open bundles."""
        return name in self._devices

    def filed(self, name: str) -> bool:
        """True when this host has a line already."""
        return name in self._filed

    def result(self, name: str, said: Any) -> None:
        """Record what our action returned as `leeboard` for a host."""
        if not isinstance(said, Mapping):
            self.problem(name, "failed", "the action's answer says nothing of a device")
            return
        outcome = said.get("outcome")
        if name in self._refused():
            self.problem(name, "failed", self._refused()[name])
            return
        if outcome not in OUTCOMES:
            self.problem(name, "failed", f"the action's answer has outcome {plain(str(outcome), 40)}")
            return
        taken = {key: said[key] for key in TAKEN if said.get(key) not in (None, "")}
        self._line(name, str(outcome), str(said.get("message") or ""), taken)

    def problem(self, name: str, outcome: str, message: str) -> None:
        """Record that a host was unreachable or failed, with a reason in one line."""
        self._line(name, outcome, message, {})

    def close(self, interrupted: bool = False) -> list[Path]:
        """End the run: trailers, compressed files, locks given back. The closed bundles. Never raises."""
        if os.getpid() != self._pid or self._busy:
            return []
        handshake.withdraw()
        closed = []
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            try:
                closed.append(writer.close(self._clock(), interrupted or bool(self.failed)))
            except (OSError, LeeboardError) as problem:
                self._fail(problem)
        return closed

    def _open(self, lock: SchoolLock, urn: str, school: list[Expected], action: str) -> Writer:
        listed = [expected_json(device) for device in sorted(school, key=lambda device: device.asset)]
        inventory = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
        origin = Origin(__version__, action, self._baseline, inventory, self._salt, self._journal(urn, school))
        return Writer(lock, self.run, School(urn=urn, name=school[0].school), origin, school)

    def _journal(self, urn: str, school: list[Expected]) -> Anchor | None:
        """The school's journal with what was edited by hand, by these devices and those of earlier plays."""
        devices = {device.asset: device for device in (*self._devices.values(), *school) if device.urn == urn}
        return note(
            self.evidence.parent, urn, devices.values(), self._listed.get(urn, ()), self.run, started_of(self.run)
        )

    def _line(self, name: str, outcome: str, message: str, taken: dict[str, Any]) -> None:
        device = self._devices.get(name)
        if device is None or self.failed or os.getpid() != self._pid:
            return
        line = {
            "asset": device.asset,
            "name": name,
            "at": stamp(self._clock()),
            "outcome": outcome,
            "message": plain(message, MESSAGE_LENGTH),
            **taken,
        }
        self._busy = True
        try:
            self._writers[device.urn].device(line)
            self._filed.add(name)
        except OSError as problem:
            self._fail(problem)
        finally:
            self._busy = False

    def _refused(self) -> dict[str, str]:
        """The hosts that must not be visited, with the reason: wrong variables, or an asset tag that two share."""
        return {name: device.problem for name, device in self._devices.items() if device.problem}

    def _announce(self) -> None:
        refused = {} if self.failed else self._refused()
        handshake.announce(self.run, self.evidence, self.failed, refused, self._salt, self._began)

    def _fail(self, problem: OSError | LeeboardError) -> None:
        if not self.failed:
            self.failed = self._cannot_write(problem) if isinstance(problem, OSError) else str(problem)
            self._announce()

    def _cannot_write(self, problem: OSError) -> str:
        return (
            f"{problem.filename or self.evidence}: the evidence cannot be written ({problem.strerror}); what was "
            "recorded is kept; make room or give leeboard another folder, then run again"
        )
