"""Both halves of a checkpoint together: the controller's conversation with the real module and its put-back script.

The machine is a folder with doubles of systemctl and sshd (tests/unit/linux/checkpoint/machine.py); its timer goes off
when the double clock says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint import covers
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change
from ansible_collections.leeboard.schools.plugins.modules import checkpoint
from ansible_collections.leeboard.schools.plugins.plugin_utils.cut_off import CutOff, of_steps

from leeboard.planning.plan import Change, Step
from tests.unit.actions.checkpoint_double import MODULE, OTHER, RUN, DoubleClock, DoubleConnection
from tests.unit.linux.checkpoint.machine import DROP_IN, Machine, Writer

STEP = Step("writer", "m.writer", (Change("REM-07", DROP_IN, "PermitRootLogin no\n", "string", ""),), "cut_off")


class Ended(Exception):
    """A module came to its end."""


class DoubleModule:
    """An AnsibleModule with these arguments; what it ends with is `answer`."""

    def __init__(self, arguments: dict[str, Any], check_mode: bool = False) -> None:
        options = {name: one.get("default") for name, one in checkpoint.ARGUMENTS.items()}
        assert set(arguments) <= set(options), "the module takes what the controller gives"
        self.params = {**options, **arguments}
        self.check_mode = check_mode
        self.answer: dict[str, Any] = {}

    def exit_json(self, **result: Any) -> None:
        self.answer = result
        raise Ended

    def fail_json(self, msg: str, **result: Any) -> None:
        self.exit_json(failed=True, msg=msg, **result)


class TimedClock(DoubleClock):
    """A clock that lets the machine's timer go off when its time has come."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.due = 10.0**9

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.passed >= self.due and self.machine.read()["state"] in ("armed", "putting-back"):
            self.machine.script("timer")


class RealVisit:
    """A visit to the machine by the module itself."""

    run_id, terminal, preview = RUN, False, False
    device = SimpleNamespace(name="pc1", platform=SimpleNamespace(value="linux"))

    def __init__(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine, self.clock, self.connection = machine, TimedClock(machine), DoubleConnection()
        self.patch = monkeypatch
        self.new_from = 0.0
        monkeypatch.setattr(checkpoint, "Host", lambda: machine.host)
        monkeypatch.setattr(covers, "CUT_OFF", {"writer": Writer()})

    def recorded(self, _run: str) -> bool:
        return False

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert module == MODULE
        if self.connection.is_new and self.clock.passed < self.new_from:
            raise AnsibleConnectionFailure("Connection refused")
        self.machine.host.forget()
        made = DoubleModule(arguments, self.preview)
        self.patch.setattr(checkpoint, "AnsibleModule", lambda **_options: made)
        with pytest.raises(Ended):
            checkpoint.main()
        if arguments["state"] == "armed" and "checkpoint" in made.answer:
            self.clock.due = self.clock.passed + made.answer["checkpoint"]["seconds_left"]
        return made.answer

    def step(self, _left_out: dict[str, str]) -> tuple[list[str], bool]:
        """What the driver's module does: through the one way by which every driver changes a machine."""
        changes = [{"address": one.address, "value": one.value} for one in STEP.changes]
        change.apply(Writer(), self.machine.host, changes, RUN)  # type: ignore[arg-type]
        assert "PermitRootLogin no" in self.machine.at(DROP_IN).read_text()
        return [], False

    def make(self, run: Callable[[dict[str, str]], tuple[list[str], bool]] | None = None) -> tuple[CutOff, list[str]]:
        made = CutOff(self, self.connection, self.clock)
        return made, made.make(of_steps([STEP]), run or self.step)


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealVisit:
    return RealVisit(Machine(tmp_path), monkeypatch)


def test_what_is_confirmed_stays_and_the_checkpoint_is_gone(visit: RealVisit) -> None:
    cut_off, problems = visit.make()
    assert (cut_off.end, problems) == ("confirmed", [])
    assert visit.machine.at(DROP_IN).read_text() == "PermitRootLogin no\n"
    assert visit.machine.read()["state"] == "confirmed"
    visit.clock.sleep(10_000)
    assert visit.machine.at(DROP_IN).read_text() == "PermitRootLogin no\n"


def test_where_nobody_comes_back_the_device_does(visit: RealVisit) -> None:
    before = visit.machine.files()
    visit.new_from = 10.0**6
    unreached, problems = visit.make()
    assert unreached.end == "unknown" and "not reached since" in problems[0]
    assert visit.machine.read()["state"] == "back"
    assert visit.machine.files() == before


def test_a_run_that_comes_back_too_late_hears_that_all_is_back(visit: RealVisit) -> None:
    before = visit.machine.files()

    def run(left_out: dict[str, str]) -> tuple[list[str], bool]:
        visit.step(left_out)
        visit.new_from = visit.clock.due + 1
        return [], False

    cut_off, problems = visit.make(run)
    assert cut_off.end == "back"
    assert (
        len(problems) == 1
        and "could not be reached over a new connection (Connection refused); put itself back at" in problems[0]
    )
    assert visit.machine.files() == before


def test_a_step_that_fails_is_put_back_at_once(visit: RealVisit) -> None:
    before = visit.machine.files()

    def run(left_out: dict[str, str]) -> tuple[list[str], bool]:
        visit.step(left_out)
        return ["writer: it did not take effect"], False

    cut_off, problems = visit.make(run)
    assert (cut_off.end, visit.clock.passed) == ("back", 0)
    assert problems == ["writer: it did not take effect", "what could cut us off was put back at once"]
    assert visit.machine.files() == before


@pytest.mark.parametrize("at", ["before the step", "after it"])
def test_a_controller_that_is_killed_leaves_a_device_that_puts_itself_back(visit: RealVisit, at: str) -> None:
    before = visit.machine.files()

    def run(left_out: dict[str, str]) -> tuple[list[str], bool]:
        if at == "after it":
            visit.step(left_out)
        raise SystemExit

    with pytest.raises(SystemExit):
        visit.make(run)
    assert visit.machine.read()["state"] == "armed"
    visit.clock.sleep(visit.clock.due)
    assert visit.machine.read()["state"] == "back" and visit.machine.files() == before


def test_a_second_controller_is_told_who_holds_the_device(visit: RealVisit) -> None:
    visit.machine.arm(run=OTHER)
    before = visit.machine.files()
    cut_off, problems = visit.make()
    assert cut_off.end is None
    assert f"the run {OTHER} of controller of the LA holds the device's checkpoint until 02:0" in problems[0]
    assert visit.machine.files() == before and visit.machine.read()["run_id"] == OTHER


def test_a_preview_finds_what_is_left_out_and_arms_nothing(visit: RealVisit, monkeypatch: pytest.MonkeyPatch) -> None:
    visit.preview = True
    unknown = Step("nobody", "m.nobody", STEP.changes, "cut_off")
    left_out, refused, seconds = CutOff(visit, visit.connection, visit.clock).preview(of_steps([STEP, unknown]))
    assert (left_out, refused) == ({"nobody": "nobody: nobody is no driver that a checkpoint knows"}, "")
    assert visit.machine.read()["state"] == "none" and visit.machine.ours() == []
    assert seconds == 180 + Writer().cover(visit.machine.host, []).longest


def test_no_token_is_on_the_device_before_it_confirms(visit: RealVisit) -> None:
    tokens: list[str] = []
    ask = visit.ask

    def listening(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        tokens.append(arguments.get("token", ""))
        if tokens[-1]:
            everything = b"".join(path.read_bytes() for path in visit.machine.root.rglob("*") if path.is_file())
            assert tokens[-1].encode() not in everything
        return ask(module, arguments)

    visit.ask = listening
    assert visit.make()[1] == [] and any(tokens)
    everything = b"".join(path.read_bytes() for path in visit.machine.root.rglob("*") if path.is_file())
    assert max(tokens).encode() not in everything
