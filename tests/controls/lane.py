"""A lane: one machine of the lab that works through its share of the scripts while other lanes do theirs.

Tests await their script's outcome; the order of the tests is the order in a lane.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from leeboard.verdict.observation import Observation, parse
from tests.vm.errors import LabError
from tests.vm.lab import start_machine
from tests.vm.qemu import MachineSpec

from .harness import ENFORCED, Proof, RollOut, Truth, machines, verdicts, words
from .scripts import Script


@dataclass
class Enforced:
    """What was seen on a machine on its way to the baseline."""

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
    """What one script did: verdicts that changed (control: before and after), the words for it, and the truth."""

    changed: dict[str, tuple[str, str]]
    words: str
    truth: dict[str, Truth]


class Lane:
    """One machine and one thread. `work` is a folder of its own."""

    def __init__(self, image: str, work: Path) -> None:
        self.about = machines()[image]
        self.image = image
        self.work = work
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=image)
        self._proof: Proof | None = None
        self._baseline: Observation | None = None
        self._ready: Future[Enforced] = self._thread.submit(self._enforce)
        self._outcomes: dict[tuple[str, bool], Future[Outcome]] = {}

    def close(self) -> None:
        """Stop what is still to be done, and the machine."""
        self._thread.shutdown(cancel_futures=True)
        if self._proof is not None:
            self._proof.machine.delete()

    def enforced(self) -> Enforced:
        """How the machine came to its baseline; waits for it."""
        return self._ready.result()

    def submit(self, script: Script, mend: bool = False) -> None:
        """Put a script into the lane; with `mend`, what it broke is put back before anybody looks."""
        if (script.name, mend) not in self._outcomes:
            self._outcomes[script.name, mend] = self._thread.submit(self._run, script, mend)

    def outcome(self, script: Script, mend: bool = False) -> Outcome:
        """What a script did; waits for it."""
        self.submit(script, mend)
        return self._outcomes[script.name, mend].result()

    def with_machine[T](self, work: Callable[[Proof], T]) -> T:
        """Run `work(proof)` on the machine as it is after the roll-out, in this lane; its result, or what it raised."""
        return self._thread.submit(self._work, work).result()

    # In the lane's own thread

    def _enforce(self) -> Enforced:
        # One processor: with two, emulated ones lose a timer now and then after a restore, and the guest hangs.
        proof = self._proof = Proof(start_machine(MachineSpec(self.image, cpus=1)), self.work)
        proof.ship()
        seen = Enforced()
        stock = proof.findings(proof.visit())
        seen.stock, seen.stock_words = verdicts(stock), words(stock)
        proof.machine.snapshot("stock")
        seen.stock_truth = proof.truth(self._asked(proof))
        proof.restore("stock")
        seen.first = proof.roll_out()
        answer = proof.raw_visit()
        (self.work / "enforced.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
        self._baseline = parse(answer)
        now = proof.findings(self._baseline)
        seen.verdicts, seen.words = verdicts(now), words(now)
        proof.machine.snapshot(ENFORCED)
        seen.truth = proof.truth(self._asked(proof))
        proof.restore(ENFORCED)
        seen.second = proof.roll_out()
        return seen

    def _asked(self, proof: Proof) -> list[str]:
        """The controls whose truth can be asked on this machine: the others do not apply."""
        return [control for control, verdict in proof.about["applies"].items() if verdict == "compliant"]

    def _work[T](self, work: Callable[[Proof], T]) -> T:
        self._ready.result()
        assert self._proof is not None
        self._proof.restore(ENFORCED)
        return work(self._proof)

    def _run(self, script: Script, mend: bool) -> Outcome:
        self._ready.result()
        proof = self._proof
        assert proof is not None and self._baseline is not None
        before = verdicts(proof.findings(self._baseline, script.level))
        try:
            proof.restore(ENFORCED)
            observation, truth = proof.try_out(script, mend)
        except LabError:  # the guest hangs; a script that fails will fail again
            proof.machine.power_cut()
            proof.restore(ENFORCED)
            observation, truth = proof.try_out(script, mend)
        found = proof.findings(observation, script.level)
        after = verdicts(found)
        # A script may bring something that is looked at from now on, and is right: a first VPN profile.
        arrived = ("not_applicable", "compliant")
        changed = {
            control: (before[control], verdict)
            for control, verdict in after.items()
            if verdict != before[control] and (before[control], verdict) != arrived
        }
        return Outcome(changed, words(found), truth)
