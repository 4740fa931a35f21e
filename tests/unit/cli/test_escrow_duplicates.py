"""`leeboard escrow` where two schools have a device of one name, or two devices one disk."""

from __future__ import annotations

from leeboard.escrow.vault import clone_detection, vault
from leeboard.escrow.vault.binding import Binding
from leeboard.escrow.vault.records import State

from .test_escrow import Controller, controller

__all__ = ["controller"]  # the fixture


def shown(controller: Controller, urn: str, asset: str, uuid: str = "0d5e-uuid", key: str = "a") -> None:
    """A check saw this disk at a device."""
    clone_detection.record_disks(controller.var, (urn, asset), [binding(uuid, key)])


def binding(uuid: str = "0d5e-uuid", key: str = "a") -> Binding:
    """A disk without a key."""
    said = {"uuid": uuid, "version": 2, "volume_key": key * 64, "segments": "b" * 64, "slots": {}, "tokens": {}}
    return Binding.model_validate({**said, "ours": []})


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


def test_verify_names_both_devices_of_a_cloned_disk(controller: Controller) -> None:
    controller.begin("head")
    shown(controller, "900001", "EP-1")
    shown(controller, "900002", "EP-2")
    shown(controller, "900002", "EP-3", key="c")
    shown(controller, "900002", "EP-4", uuid="another", key="d")
    status, said = controller.run("verify")
    assert status == 3
    copy, twice, last = said.splitlines()
    assert copy.startswith("EP-1 (school 900001) and EP-2 (school 900002): disk 0d5e-uuid of one is a copy of the")
    assert twice.startswith("EP-1 (school 900001) and EP-2 (school 900002) and EP-3 (school 900002): each has a disk")
    assert last.startswith("0 keys")


def test_a_device_that_is_gone_is_no_clone(controller: Controller) -> None:
    """It showed its disk, never got a key, and the disk was put into another machine."""
    controller.begin("head")
    shown(controller, "900001", "EP-1")
    shown(controller, "900002", "EP-2")
    status, said = controller.run("retire", "ep-1", "--reason", "Its disk is in EP-2 now")
    assert (status, said) == (0, "What ep-1 showed of its disks counts no longer.\n0 keys of ep-1 retired\n")
    assert controller.run("verify")[0] == 0
    assert "the vault has no key of such a device" in controller.run("retire", "EP-1", "--reason", "again")[1]


def test_of_several_disks_one_alone_is_gone(controller: Controller) -> None:
    controller.begin("head")
    shown(controller, "900001", "EP-1")
    two = [binding(), binding("another", "d")]
    clone_detection.record_disks(controller.var, ("900002", "EP-2"), two)
    gone = ("retire", "EP-2", "--disk", "0d5e-uuid", "--reason", "It is in EP-1 now")
    assert controller.run(*gone) == (
        0,
        "What EP-2 showed of disk 0d5e-uuid counts no longer.\n0 keys of EP-2 retired\n",
    )
    assert clone_detection.seen(controller.var, ("900002", "EP-2")) == {("another", "d" * 64)}
    assert clone_detection.shared(controller.var, ("900001", "EP-1"), two[0]) == []
    assert controller.run("verify")[0] == 0
    assert "no disk 0d5e-uuid of it has keys that are in use" in controller.run(*gone)[1]
