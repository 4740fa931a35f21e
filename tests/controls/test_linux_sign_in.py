"""People can still sign in on a machine that a roll-out brought to its baseline."""

from __future__ import annotations

from collections.abc import Callable

from .machine_run import MachineRun


def test_a_sign_in_with_dash_still_works(machine_run: Callable[[str], MachineRun]) -> None:
    # dash ends when a start-up file assigns to a variable that is read-only (linux.md A 41).
    reply = machine_run("server").with_machine(
        lambda proof: proof.machine.root("env -i dash -lc '. /etc/profile; echo works'")
    )
    assert reply.stdout.strip() == "works"
