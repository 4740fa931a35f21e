"""Waits in a machine of the proof, with all drivers loaded, and makes each visit and each change in a child of its own.

Starting Python there costs as much as the visit itself: emulated, it is eight times slower than outside. A word written
to the pipe `ask` is answered by JSON in the pipe `answer`: "visit", "apply" for the changes in the file `asked`, "step"
for the step of work on keys in it. A step stops beside commands of cryptsetup that the file names: then the answer is
{"at": ...}, and a word in the pipe `go` lets it go on ("on") or be killed ("die"). A child that died is {"lost": true}.
A snapshot of the machine has it in it. Started by harness.Proof.ship; standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import pkgutil
import secrets
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main() -> None:
    """Load every driver once, then answer until the machine ends."""
    sys.path.insert(0, str(HERE))
    import _linux

    for module in pkgutil.walk_packages(_linux.__path__, "_linux."):
        importlib.import_module(module.name)
    for pipe in ("ask", "answer", "go"):
        (HERE / pipe).unlink(missing_ok=True)
        os.mkfifo(HERE / pipe, 0o600)
    (HERE / "observer.pid").write_text(str(os.getpid()))
    while True:
        word = (HERE / "ask").read_text().strip()
        child = os.fork()
        if child == 0:
            _answer(word)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):  # nobody else would answer
            (HERE / "answer").write_text(json.dumps({"lost": True}) + "\n")


def _answer(word: str) -> None:
    try:
        answer = {"visit": _visit, "apply": _apply, "step": _step}[word]()
    except BaseException:
        answer = traceback.format_exc()  # no JSON, so that the test shows it
    (HERE / "answer").write_text(answer + "\n")


def _visit() -> str:
    from _linux.engine.host import Host
    from _linux.visit import visit

    return json.dumps(visit(Host(), json.loads((HERE / "addresses").read_text())))


def _apply() -> str:
    """The changes; those that could cut off come last, as in the action, under a checkpoint that is confirmed here."""
    from _linux.checkpoint.drivers import CUT_OFF

    asked = json.loads((HERE / "asked").read_text())
    for name, changes in asked:
        if name not in CUT_OFF:
            _change(name, changes)
    risky = [(name, changes) for name, changes in asked if name in CUT_OFF]
    if risky:
        token = _arm(risky)
        for name, changes in risky:
            _change(name, changes)
        _confirm(token)
    return json.dumps("applied")


def _change(name: str, changes: list[dict[str, Any]]) -> None:
    from _linux.engine.change import PlanOutdated, apply
    from _linux.engine.host import Host
    from _linux.visit import DRIVERS

    # Outdated where an earlier driver touched the same file: the next round plans it again.
    with contextlib.suppress(PlanOutdated):
        apply(DRIVERS[name], Host(), changes, "proof")


def _arm(steps: list[tuple[str, list[dict[str, Any]]]]) -> str:
    """Arm a checkpoint about them; its token."""
    from _linux.checkpoint import arm
    from _linux.checkpoint.covers import covers_of
    from _linux.engine.host import Host

    host, token = Host(), secrets.token_hex(16)
    arm.refuse(host)
    covers, left_out = covers_of(host, [{"driver": name, "settings": changes} for name, changes in steps])
    if left_out:
        raise RuntimeError(f"left out: {left_out}")
    digest = hashlib.sha256(token.encode()).hexdigest()
    arm.arm(host, arm.Request("proof", "the proof", digest, covers))
    return token


def _confirm(token: str) -> None:
    """That a new connection comes is the action's to show; whoever asks for the truth then comes by a new one."""
    from _linux.checkpoint import ending
    from _linux.engine.host import Host

    changed, found = ending.confirm(Host(), token)
    if not changed:
        raise RuntimeError(f"the checkpoint was not confirmed: {found}")


def _step() -> str:
    """One step, as the module luks_key makes it: {"answer": ...}, or {"failed": its words}; and "counted"."""
    from _linux.engine.edits import ChangeRefused
    from _linux.engine.host import Host, HostError
    from _linux.luks import steps as luks_steps

    request = json.loads((HERE / "asked").read_text())
    (HERE / "asked").unlink()  # a key may be in it
    commands = Commands(request["counted"], request["stops"])
    try:
        answer = {"answer": luks_steps.STEPS[request["step"]](Host(runner=commands.run), request["said"])}
    except (ChangeRefused, HostError, ValueError, OSError) as problem:
        answer = {"failed": f"luks_key: {problem}"}
    return json.dumps({**answer, "counted": commands.counted})


class Commands:
    """The commands of a step: those of cryptsetup are counted from `counted` on, and it stops at those in `stops`.

    None in its place: at each of them.
    """

    def __init__(self, counted: int, stops: list[int] | None) -> None:
        self.counted = counted
        self.stops = stops

    def run(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Any:
        """Run one, as Host does."""
        from _linux.engine.host import run_process

        if argv[0] != "cryptsetup":
            return run_process(argv, input, timeout, environment)
        self.counted += 1
        number = self.counted
        self._stop(number, argv, "before")
        done = run_process(argv, input, timeout, environment)
        self._stop(number, argv, "after")
        return done

    def _stop(self, number: int, argv: list[str], moment: str) -> None:
        if self.stops is not None and number not in self.stops:
            return
        at = {"number": number, "argv": argv[:3], "moment": moment}
        (HERE / "answer").write_text(json.dumps({"at": at}) + "\n")
        if (HERE / "go").read_text().strip() == "die":
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
