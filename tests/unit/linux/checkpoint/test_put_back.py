"""The put-back script, run by real shells: everything is as it was, owner, mode, access lists and absence too."""

from __future__ import annotations

from tests.unit.linux.checkpoint.machine import DROP_IN, Machine


def test_all_is_back_when_nobody_confirms(machine: Machine) -> None:
    before = machine.files()
    assert machine.arm()["state"] == "armed"
    machine.change()
    done = machine.script("timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.files() == before
    assert machine.unit_state("ssh.service") == "enabled active"
    assert machine.read()["state"] == "back"
    assert machine.ours() == [f"var/lib/leeboard/checkpoint/{name}" for name in ("manifest", "state.back")]
    assert "BROKEN" not in machine.at(DROP_IN).read_text()
