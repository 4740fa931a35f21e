"""A machine of the lab, and twins of it, that work through their share of the scripts beside other machines.

Tests await their script's outcome; the scripts run in the order of the tests.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore

from leeboard.model.observation import Observation, parse
from tests.vm.cache import hold
from tests.vm.errors import LabError
from tests.vm.image import IN_USE
from tests.vm.lab import start_machine, twin
from tests.vm.qemu import MachineSpec

from .harness import ENFORCED, Proof, RollOut, Truth, machines, verdicts, wrong_lines
from .scripts import CHECKED, FOLDER, FULL, Script, passes


@dataclass
class Enforced:
    """What was seen on a machine on its way to the baseline; `first` and `second` are None if nothing is rolled out.

    A truth of everything and a roll-out take minutes, so by day `stock_truth` and `truth` are empty, since scripts ask
    the machine after its roll-out, and `second` is None.
    """

    stock: dict[str, str] = field(default_factory=dict)
    stock_truth: dict[str, Truth] = field(default_factory=dict)
    stock_words: str = ""
    first: RollOut | None = None
    verdicts: dict[str, str] = field(default_factory=dict)
    words: str = ""
    truth: dict[str, Truth] = field(default_factory=dict)
    second: RollOut | None = None


@dataclass(frozen=True)
class Outcome:
    """What scripts did: verdicts that changed (control: before and after), the words for it, and the truth.

    `mended` is the same after what they broke was put back, where that was done.
    """

    changed: dict[str, tuple[str, str]]
    words: str
    truth: dict[str, Truth]
    mended: Outcome | None = None


# How many machines work at the same time: one for each processor of CI. Three take longer than that, and an emulated
# guest that waits too long for its processor loses timers, and hangs: by night as by day. By night a machine has twins,
# since scripts wait a lot (for auditd, for daemons), and another one works meanwhile.
_AT_ONCE = BoundedSemaphore(2)
TWINS = {"gnome": 2, "server": 2} if FULL else {}


@contextmanager
def _out_of_turn() -> Iterator[None]:
    """Let another machine work while this one only waits."""
    _AT_ONCE.release()
    try:
        yield
    finally:
        _AT_ONCE.acquire()


# The controller of these runs has no vault, so it cannot check these as soon as a machine has a LUKS disk:
# test_recovery_keys.py has one.
KEPT = ("ENC-07", "ENC-08")


class MachineRun:
    """One machine and a thread, and as many again as it has twins. `work` is a folder of its own."""

    def __init__(self, image: str, work: Path) -> None:
        self.about = machines()[image]
        self.image = image
        self.work = work
        self._threads = ThreadPoolExecutor(max_workers=1 + TWINS.get(image, 0), thread_name_prefix=image)
        self._proofs: list[Proof] = []
        self._marks: list[int] = []  # whoever sweeps up after killed runs leaves our machines alone while they are off
        self._free: SimpleQueue[Proof] = SimpleQueue()
        self._baseline: Observation | None = None
        self._ready: Future[Enforced] = self._threads.submit(self._in_turn, self._enforce)
        self._passes: dict[str, Future[dict[str, Outcome | LabError]]] = {}

    def close(self) -> None:
        """Stop what is still to be done, and the machines."""
        self._threads.shutdown(cancel_futures=True)
        for proof in self._proofs:
            proof.machine.delete()
        for mark in self._marks:
            os.close(mark)

    def enforced(self) -> Enforced:
        """How the machine came to its baseline; waits for it."""
        return self._ready.result()

    def submit(self, scripts: Iterable[Script]) -> None:
        """Queue scripts, as many in one pass as do not meet."""
        for group in passes(scripts):
            outcomes = self._submit(self._pass, group)
            self._passes.update({script.name: outcomes for script in group})

    def outcome(self, script: Script) -> Outcome:
        """What a script did; waits for it. Raises LabError where it could not be done."""
        if script.name not in self._passes:
            self.submit([script])
        done = self._passes[script.name].result()[script.name]
        if isinstance(done, LabError):
            raise done
        return done

    def with_machine[T](self, work: Callable[[Proof], T]) -> T:
        """Run `work(proof)` on the machine as it is after the roll-out, in turn; its result, or what it raised."""
        return self._submit(self._work, work).result()

    def _submit[**P, T](self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        def when_ready() -> T:
            self._ready.result()
            return self._in_turn(work, *arguments, **named)

        return self._threads.submit(when_ready)

    # In the run's own threads

    def _in_turn[**P, T](self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        time.sleep(0.1)  # a machine that has just had a turn lets the one that waits go first
        with _AT_ONCE:
            return work(*arguments, **named)

    def _enforce(self) -> Enforced:
        spec = MachineSpec(self.image, **self.about.get("hardware", {}))
        proof = self._keep(Proof(start_machine(spec), self.work))
        proof.ship()
        seen = Enforced()
        stock = proof.findings(proof.visit())
        seen.stock, seen.stock_words = verdicts(stock), wrong_lines(stock)
        if FULL:
            proof.machine.snapshot("stock")
            seen.stock_truth = proof.truth(_asked(proof))
            proof.machine.restore("stock")
        by_hand = proof.about.get("by_hand")
        if by_hand:
            proof.machine.root("cd /root && bash -s", input=(FOLDER / by_hand).read_text(encoding="utf-8"))
        if self.image not in CHECKED:
            seen.first = proof.roll_out()
        answer = proof.raw_visit()
        (self.work / "enforced.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
        self._baseline = parse(answer)
        now = proof.findings(self._baseline)
        seen.verdicts, seen.words = verdicts(now), wrong_lines(now)
        proof.machine.snapshot(ENFORCED)
        if FULL:
            seen.truth = proof.truth(_asked(proof))
            proof.machine.restore(ENFORCED)
        if FULL and self.image not in CHECKED:
            seen.second = proof.roll_out()
        self._make_twins(proof)
        return seen

    def _keep(self, proof: Proof) -> Proof:
        proof.waits = _out_of_turn
        self._proofs.append(proof)
        self._marks.append(hold(proof.machine.folder / IN_USE))
        return proof

    def _make_twins(self, proof: Proof) -> None:
        proof.machine.stop()
        for number in range(TWINS.get(self.image, 0)):
            self._keep(Proof(twin(proof.machine), self.work / f"twin-{number}", **proof.variables))
        for each in self._proofs:
            self._free.put(each)

    def _work[T](self, work: Callable[[Proof], T]) -> T:
        with self._machine() as proof:
            proof.machine.restore(ENFORCED)
            return work(proof)

    @contextmanager
    def _machine(self) -> Iterator[Proof]:
        """A machine that has nothing to do, switched off; afterwards it is again, since idle ones cost as well."""
        proof = self._free.get()
        try:
            yield proof
        finally:
            proof.machine.stop()
            self._free.put(proof)

    def _pass(self, scripts: tuple[Script, ...]) -> dict[str, Outcome | LabError]:
        """What each script did. A pass that says anything but what is expected is done again in halves."""
        try:
            outcome = self._tried(scripts)
        except LabError as problem:  # one of them ended badly
            if len(scripts) == 1:
                return {scripts[0].name: problem}
            why = str(problem)
        else:
            if len(scripts) == 1:
                return {scripts[0].name: outcome}
            why = _unexpected(scripts, outcome)
            if not why:
                return {script.name: _share(script, outcome) for script in scripts}
        names = ", ".join(script.name for script in scripts)
        # Each half then costs as much as the pass: that is found again in CI's time, and nowhere else.
        warnings.warn(f"a pass was taken apart ({why}; give one of them 'alone: yes'): {names}", stacklevel=1)
        middle = len(scripts) // 2
        return self._pass(scripts[:middle]) | self._pass(scripts[middle:])

    def _tried(self, scripts: tuple[Script, ...]) -> Outcome:
        with self._machine() as proof:
            proof.machine.restore(ENFORCED)
            try:
                return self._looked_at(proof, scripts)
            except LabError:  # the guest hangs; a script that fails will fail again
                proof.machine.restore(ENFORCED)
                return self._looked_at(proof, scripts)

    def _looked_at(self, proof: Proof, scripts: tuple[Script, ...]) -> Outcome:
        level = scripts[0].level
        found = self._changed(proof, level, *proof.try_out(scripts))
        if not scripts[0].mended:
            return found
        return replace(found, mended=self._changed(proof, level, *proof.mend_all(sorted(found.truth), level)))

    def _changed(self, proof: Proof, level: str, observation: Observation, truth: dict[str, Truth]) -> Outcome:
        """What is not as it was at the baseline."""
        assert self._baseline is not None
        before = verdicts(proof.findings(self._baseline, level))
        findings = proof.findings(observation, level)
        after = verdicts(findings)
        changed = {
            control: (before[control], verdict)
            for control, verdict in after.items()
            if verdict != before[control] and control not in KEPT
        }
        return Outcome(changed, wrong_lines(findings), truth)


def _asked(proof: Proof) -> list[str]:
    """The controls that apply to a machine, whose truth it is asked as a whole."""
    return [control for control, verdict in proof.about["applies"].items() if verdict == "compliant"]


def _unexpected(scripts: tuple[Script, ...], outcome: Outcome) -> str:
    """What a pass changed beyond what its scripts are to change, or did not, or what the machine says otherwise; and
    what was left when it was mended."""
    wanted = {control: after for script in scripts for control, after in script.becomes.items()}
    becomes = {control: after for control, (_before, after) in outcome.changed.items()}
    expected = {control: script.wanted_truth for script in scripts for control in script.asked}
    differences = [
        f"{control} is {becomes.get(control, 'unchanged')} and not {wanted.get(control, 'unchanged')}"
        for control in sorted({*wanted, *becomes})
        if becomes.get(control) != wanted.get(control)
    ]
    for control, truth in sorted(outcome.truth.items()):
        if truth.verdict != expected.get(control):
            differences.append(
                f"the truth of {control} is {truth.verdict} and not {expected.get(control)} ({truth.why[:200]})"
            )
    if outcome.mended is not None:
        left = {control: after for control, (_before, after) in outcome.mended.changed.items()}
        truths = {control: truth.verdict for control, truth in outcome.mended.truth.items()}
        left |= {control: verdict for control, verdict in truths.items() if verdict != "compliant"}
        differences += [f"{control} is {verdict} after it was mended" for control, verdict in sorted(left.items())]
    return ", ".join(differences)


def _share(script: Script, outcome: Outcome) -> Outcome:
    """A script's own part of what a whole pass did."""
    changed = {control: outcome.changed[control] for control in script.becomes}
    mended = outcome.mended and replace(outcome.mended, truth=_of(script, outcome.mended))
    return Outcome(changed, outcome.words, _of(script, outcome), mended)


def _of(script: Script, outcome: Outcome) -> dict[str, Truth]:
    return {control: outcome.truth[control] for control in script.asked}
