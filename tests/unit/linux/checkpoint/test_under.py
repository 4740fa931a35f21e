"""A change that could cut off goes on under its own armed checkpoint alone, and undo knows what came back by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import facts
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint.covers import (
    CUT_OFF,
    covers_of,
    covers_of_undo,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change as changing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.cover import Cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.checkpoint.machine import BY, COVER, DROP_IN, HERE, RUN, Machine, Writer

CHANGE = [{"address": DROP_IN, "value": "changed\n"}]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine, and a driver that the checkpoint knows."""
    monkeypatch.setitem(CUT_OFF, "writer", Writer())
    return Machine(tmp_path)


def change(machine: Machine, run: str = RUN, changes: Any = CHANGE, check: bool = False) -> dict[str, Any]:
    machine.host.forget()
    return apply(Writer(), machine.host, changes, run, check=check)


def refused(machine: Machine, words: str, run: str = RUN, changes: Any = CHANGE) -> None:
    before = machine.files()
    with pytest.raises(ChangeRefused, match=words):
        change(machine, run, changes)
    assert machine.files() == before
    assert not machine.at(f"/var/lib/leeboard/journal/{run}.jsonl").exists()


def test_without_a_checkpoint_it_is_refused(machine: Machine) -> None:
    refused(machine, "writer could cut off whoever changes it, .* the device has none")
    assert change(machine, check=True)["changed"], "check mode says what would change"


def test_under_its_own_it_is_made(machine: Machine) -> None:
    machine.arm()
    assert change(machine)["changed"]
    assert machine.at(DROP_IN).read_text() == "changed\n"


def test_under_that_of_another_run_it_is_refused_with_who_holds_it_until_when(machine: Machine) -> None:
    machine.arm()
    refused(machine, f"held by {BY}, run {RUN}; .* seconds; nothing of writer is changed until then", run="another-run")


def test_what_it_does_not_cover_is_refused(machine: Machine) -> None:
    machine.arm()
    refused(machine, "does not cover /etc/other", changes=[*CHANGE, {"address": "/etc/other", "value": "x"}])


def test_one_that_is_about_another_driver_is_refused(machine: Machine) -> None:
    machine.arm()
    manifest = machine.root / HERE / "manifest"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "drivers": ["other"]}))
    refused(machine, "the armed checkpoint is not about writer")


@pytest.mark.parametrize("state", ["putting-back", "confirmed", "back", "arming"])
def test_after_its_end_it_is_refused(machine: Machine, state: str) -> None:
    machine.arm()
    (machine.root / HERE / "state.armed").rename(machine.root / HERE / f"state.{state}")
    refused(machine, "the device is putting back" if state == "putting-back" else "under an armed checkpoint only")


def test_a_device_that_puts_itself_back_is_written_to_no_more(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time ends between two files of one change."""
    before, real = machine.files(), changing.write
    machine.arm(COVER._replace(files=(DROP_IN, "/etc/second")))

    def slow(host: Any, edit: Any) -> None:
        real(host, edit)
        assert machine.script("timer").returncode == 0

    monkeypatch.setattr(changing, "write", slow)
    with pytest.raises(ChangeRefused, match="the device has none"):
        change(machine, changes=[*CHANGE, {"address": "/etc/second", "value": "x"}])
    assert machine.files() == before


def test_the_undo_of_what_came_back_by_itself_does_nothing(machine: Machine) -> None:
    machine.arm()
    change(machine)
    assert machine.script("timer").returncode == 0
    machine.write(DROP_IN, "changed\n")  # a later run, with the same content: that is not undone
    machine.host.forget()
    outcome = undo(machine.host, RUN, "the-undo")
    assert not outcome["changed"] and outcome["left"] == []
    assert outcome["already"] == [{"driver": "writer", "addresses": [DROP_IN], "target": DROP_IN}]
    assert machine.at(DROP_IN).read_text() == "changed\n"


def test_an_undo_is_refused_without_its_own_checkpoint(machine: Machine) -> None:
    machine.arm()
    change(machine)
    before = machine.files()
    outcome = undo(machine.host, RUN, "the-undo")
    (left,) = outcome["left"]
    assert left["target"] == DROP_IN and f"held by {BY}, run {RUN}" in left["why"]
    assert not outcome["changed"] and machine.files() == before


def test_an_undo_goes_on_under_its_own_checkpoint(machine: Machine) -> None:
    machine.arm()
    change(machine)
    (machine.root / HERE / "state.armed").rename(machine.root / HERE / "state.confirmed")
    covers, left_out = covers_of_undo(machine.host, RUN)
    assert left_out == {} and DROP_IN in covers["writer"].files
    machine.arm(covers["writer"], run="the-undo")
    assert undo(machine.host, RUN, "the-undo", check=True)["changed"]
    assert undo(machine.host, RUN, "the-undo")["put_back"][0]["target"] == DROP_IN
    assert machine.at(DROP_IN).read_text() == "PermitRootLogin prohibit-password\n"


def test_an_undo_of_no_run_has_no_cover(machine: Machine) -> None:
    with pytest.raises(ChangeRefused, match="no journal of the run no-such"):
        covers_of_undo(machine.host, "no-such")


class Refusing(Writer):
    """A driver that cannot say what would bring the device back."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def cover(self, host: Any, changes: Any) -> Cover:
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (ChangeRefused("two firewalls"), "two firewalls"),
        (HostError("failed", "no answer"), "no answer"),
        (KeyError("x"), "the driver failed: KeyError: 'x'"),
    ],
)
def test_a_driver_that_refuses_holds_up_no_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, problem: Exception, why: str
) -> None:
    monkeypatch.setitem(CUT_OFF, "refusing", Refusing(problem))
    steps = [{"driver": name, "settings": CHANGE} for name in ("refusing", "writer", "unknown")]
    covers, left_out = covers_of(machine.host, steps)
    assert covers == {"writer": COVER}
    assert left_out == {"refusing": why, "unknown": "unknown is no driver that a checkpoint knows"}


def test_a_visit_says_that_one_is_held_and_by_whom(machine: Machine) -> None:
    def seen() -> dict[str, Any]:
        machine.host.forget()
        return facts.observe(machine.host)["checkpoint"]

    assert seen()["state"] == "absent"
    asked = machine.host.children
    seen()
    of_a_visit = machine.host.children - asked
    machine.arm()
    asked = machine.host.children
    armed, by, run, seconds = seen()["value"]
    assert (armed, by, run) == ("armed", BY, RUN) and 200 < int(seconds) <= 240
    assert machine.host.children - asked == of_a_visit, "it costs no child"
    machine.change()
    machine.write("/double/units/ssh.service.broken", "")
    machine.script("timer")
    assert seen()["value"] == ["putting-back", BY, RUN, "0", "ssh.service does not run"]
    machine.at("/double/units/ssh.service.broken").unlink()
    machine.script("timer")
    assert seen()["state"] == "absent"
