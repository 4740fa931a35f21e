"""A school reopens under another URN: keys of its Linux disks that are kept under the old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leeboard.escrow.disks.adoption import adopt
from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.disks.restoring import restore
from leeboard.escrow.vault import clone_detection, controller_state, vault
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.rekeying import opener
from leeboard.model.device import Device
from leeboard.model.observation import Found
from tests.unit.escrow.vaults import AT, custodian, private
from tests.unit.linux.disks import needs_cryptsetup
from tests.unit.linux.luks_machine import Disk

from .controller import DEVICE, Controller, used
from .nightly_check import observed

pytestmark = needs_cryptsetup

OLD, NEW = DEVICE.urn, "900009"
ACADEMY = DEVICE.model_copy(update={"urn": NEW, "school": "Hill Academy", "predecessors": (OLD,)})
UNKNOWN = ACADEMY.model_copy(update={"predecessors": ()})


def roll_out(controller: Controller, device: Device = ACADEMY) -> Outcome:
    return controller.run(device=device)


def faults(controller: Controller, address: str, device: Device = ACADEMY) -> list[Any]:
    """What a nightly check says of an address: the objects, as text."""
    reading = observed(controller, device).reading("escrow", address)
    assert reading is not None and isinstance(reading.effective, Found)
    value = reading.effective.value
    assert isinstance(value, list)
    return value


def well(controller: Controller) -> bool:
    return all(
        '"faults":[]' in text
        for address in ("escrowed", "header-backup", "rotated", "slots")
        for text in faults(controller, address)
    )


def states(controller: Controller, urn: str) -> list[State]:
    return [key.state for key in controller_state.records(controller.vault.var, urn, DEVICE.asset).keys]


def problems(controller: Controller) -> tuple[str, ...]:
    """What `leeboard escrow verify` says."""
    return check(vault.open_vault(controller.vault.var), AT).problems


def test_what_is_kept_under_the_old_urn_counts_and_nothing_is_changed(controller: Controller) -> None:
    controller.run()
    key, before = controller.current, controller.now
    (escrowed,) = faults(controller, "escrowed")
    assert f"key {key.id} opens slot 1 of disk {controller.disk.uuid}" in escrowed
    assert f"it is kept under {OLD}, the URN that the school had before" in escrowed and well(controller)
    outcome = roll_out(controller)
    assert not outcome.changed and outcome.failed == [], outcome.summary
    assert controller.now == before and states(controller, NEW) == []
    assert problems(controller) == ()


def test_its_successor_is_kept_under_the_new_urn_and_it_is_retired_under_its_own(controller: Controller) -> None:
    controller.run()
    old = controller.current
    used(controller)
    assert not well(controller)
    assert roll_out(controller).failed == []
    assert (states(controller, OLD), states(controller, NEW)) == ([State.RETIRED], [State.PROVED])
    assert well(controller) and not controller.disk.opens(controller.secret(old))
    (new,) = controller_state.records(controller.vault.var, NEW, DEVICE.asset).keys
    assert controller.disk.opens(controller.secret(new)) and problems(controller) == ()
    of_old, of_new = (controller_state.records(controller.vault.var, urn, DEVICE.asset).headers for urn in (OLD, NEW))
    assert of_old == () and len(of_new) == 1, "only the newest copy of the header stays"
    settled = controller.now
    assert not roll_out(controller).changed and controller.now == settled


def test_without_the_old_urn_in_the_inventory_it_is_a_copy(controller: Controller) -> None:
    controller.run()
    assert "is a copy of one of EP-0001 (school 900001)" in roll_out(controller, UNKNOWN).summary
    assert "is a copy of one of" in faults(controller, "escrowed", UNKNOWN)[0]
    assert states(controller, NEW) == [] and any("is a copy of the other's" in one for one in problems(controller))


def test_a_real_copy_is_found_under_either_urn(controller: Controller) -> None:
    """Another tag is another machine, whatever its school was called before."""
    controller.run()
    clone = ACADEMY.model_copy(update={"asset": "EP-0002", "name": "office-2"})
    assert "is a copy of one of EP-0001 (school 900001)" in roll_out(controller, clone).summary
    assert "is a copy of one of EP-0002 (school 900009)" in roll_out(controller).summary
    assert len(problems(controller)) == 1
    clone_detection.forget(controller.vault.var, (NEW, "EP-0002"))
    assert roll_out(controller).failed == [] and problems(controller) == ()


def test_another_machine_with_its_tag_in_the_old_school_has_nothing_of_it(
    controller: Controller, tmp_path: Path
) -> None:
    """Its own disk has another UUID, so what is kept under the old URN is not its own."""
    controller.run()
    before = controller_state.records(controller.vault.var, OLD, DEVICE.asset)
    (tmp_path / "other").mkdir()
    controller.disk = Disk(tmp_path / "other", "9a4f7c1e-2b53-4a0e-9a41-0f4d1be0a009")
    assert roll_out(controller).failed == []
    assert states(controller, NEW) == [State.PROVED] and well(controller)
    assert controller_state.records(controller.vault.var, OLD, DEVICE.asset) == before


def test_a_key_that_is_kept_already_is_not_adopted_anew_and_a_header_comes_back(controller: Controller) -> None:
    controller.run()
    key, opened = controller.current, vault.open_vault(controller.vault.var, whole=False)
    said = adopt(opened, ACADEMY, controller.disk.ask, controller.clock, "whatever")
    assert f"key {key.id} of it is kept already" in said.summary
    _owner, secret = custodian("head")
    before = controller.now
    said = restore(opened, ACADEMY, controller.disk.ask, controller.clock, opener(opened, private(secret)))
    assert said.changed and f"key {key.id} opens it" in said.summary and controller.now == before
    assert roll_out(controller).failed == [] and well(controller)


def test_a_custodian_opens_what_is_kept_under_the_old_urn(controller: Controller) -> None:
    controller.run()
    used(controller)
    assert "nothing opens the disk here" in controller.run(Credentials(), device=ACADEMY).summary
    _owner, secret = custodian("head")
    opened = vault.open_vault(controller.vault.var, whole=False)
    by_custodian = Credentials(opener=opener(opened, private(secret)))
    assert controller.run(by_custodian, device=ACADEMY).failed == [] and well(controller)
