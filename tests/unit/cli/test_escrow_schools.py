"""`leeboard escrow` where two schools have a device of one name."""

from __future__ import annotations

from leeboard.escrow.vault import clone_detection, vault
from leeboard.escrow.vault.records import State

from .test_escrow import Controller, controller, shown

__all__ = ["controller"]  # the fixture


def states(controller: Controller) -> list[State]:
    """What became of each key."""
    return [one.state for one in vault.open_vault(controller.var).keys().values()]


def test_a_tag_that_two_schools_have_is_nobodys(controller: Controller) -> None:
    """One school's has a key, the other's showed a disk only."""
    controller.begin("head")
    controller.seal("900001", "EP-1")
    shown(controller, "900002", "EP-1")
    retire = ("retire", "EP-1", "--reason", "x")
    assert "the schools 900001, 900002 have one; name it with --school" in " ".join(controller.run(*retire)[1].split())
    assert clone_detection.seen(controller.var, ("900002", "EP-1")) and states(controller) == [State.PENDING]
    assert "0 keys of EP-1 retired" in controller.run(*retire, "--school", "900002")[1]
    assert states(controller) == [State.PENDING] and not clone_detection.seen(controller.var, ("900002", "EP-1"))
    assert "1 key of EP-1 retired" in controller.run(*retire, "--school", "900001")[1]
