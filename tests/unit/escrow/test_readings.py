"""What a night says of each disk's key without any private key: real disks, real vaults, and what happened to them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.escrow.disks.adoption import adopt
from leeboard.escrow.disks.readings import AGE, DRIVER, LOOKS
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.rekeying import hand_over, opener, reseal
from leeboard.model.enums import Level
from tests.unit.escrow.vaults import AT, custodian, private
from tests.unit.linux.disks import PASSPHRASE, cryptsetup, needs_cryptsetup

from .controller import DEVICE, Controller, used
from .nightly_check import visited

pytestmark = needs_cryptsetup


def night(controller: Controller, level: Level = Level.STANDARD) -> dict[str, Any]:
    """What the vault has to say of the disk as it is, by address: a list of faults, or the state and its words."""
    device = DEVICE.model_copy(update={"level": level})
    found = visited(controller, device)
    said = {one["address"]: one["effective"] for one in found["readings"] if one["driver"] == DRIVER}
    assert set(said) == {*LOOKS, AGE}
    return {
        address: json.loads(one["value"][0])["faults"] if one["state"] == "value" else one
        for address, one in said.items()
        if address != AGE
    }


def faults(controller: Controller, level: Level = Level.STANDARD) -> dict[str, list[str]]:
    """What is wrong, by address; what is right is left out."""
    return {address: said for address, said in night(controller, level).items() if said}


def test_nothing_is_wrong_after_a_roll_out(controller: Controller) -> None:
    controller.run()
    assert faults(controller) == {}


def test_a_disk_without_a_key(controller: Controller) -> None:
    found = faults(controller)
    assert found["escrowed"] == [f"no recovery key of disk {controller.disk.uuid} is kept"]
    assert set(found) == {"escrowed", "header-backup", "rotated", "slots"}


def _read_out(controller: Controller) -> None:
    used(controller)


def _leaves(controller: Controller) -> None:
    after = hand_over(controller.vault, [custodian("siro")[0]], AT + timedelta(days=1))
    reseal(after, opener(after, private(custodian("head")[1])), lambda: AT)


def _joins(controller: Controller) -> None:
    hand_over(controller.vault, [*controller.vault.custodians, custodian("siro")[0]], AT + timedelta(days=1))


def _stranger(controller: Controller) -> None:
    cryptsetup(
        "luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", str(controller.disk.path),
        input=f"{PASSPHRASE}\nstranger",
    )  # fmt: skip


def _killed(controller: Controller) -> None:
    cryptsetup(
        "luksKillSlot", "-q", str(controller.disk.path), str(controller.current.binding["slot"]), input=PASSPHRASE
    )


def _changed(controller: Controller) -> None:
    (controller.vault.places[0].path / controller.current.name).write_bytes(b"x")


def _lost(controller: Controller) -> None:
    (controller.vault.places[1].path / controller.kept.headers[-1].name).unlink()


@pytest.mark.parametrize(
    ("done", "address", "words"),
    [
        (_read_out, "rotated", "was read out at"),
        (_leaves, "rotated", "was sealed to somebody who is no custodian any more"),
        (_joins, "rotated", "is sealed to other custodians than today's"),
        (_stranger, "slots", "slot 2 was added since"),
        (_stranger, "header-backup", "its header has changed since the copy of"),
        (_killed, "escrowed", "opens, is gone"),
        (_changed, "escrowed", "copy 1 of the envelope of key"),
        (_lost, "header-backup", "is missing or cut off"),
    ],
)
def test_what_happened_is_said(
    controller: Controller, done: Callable[[Controller], None], address: str, words: str
) -> None:
    controller.run()
    done(controller)
    found = faults(controller)
    assert any(words in one for one in found[address]), found


def test_resealed_for_one_more_it_is_as_good_as_it_was(controller: Controller) -> None:
    controller.run()
    _joins(controller)
    after = vault.open_vault(controller.vault.var)
    reseal(after, opener(after, private(custodian("head")[1])), lambda: AT)
    assert faults(controller) == {}


def test_a_key_that_somebody_knew_is_kept_and_to_be_changed(controller: Controller) -> None:
    adopt(controller.vault, DEVICE, controller.disk.ask, controller.clock, PASSPHRASE)
    found = faults(controller)
    assert set(found) == {"rotated"} and "was known before it was kept" in found["rotated"][0]


def test_level_high_wants_two_custodians(controller: Controller) -> None:
    controller.run()
    assert "sealed to 1 custodian, and this level asks for 2" in faults(controller, Level.HIGH)["escrowed"][0]


def test_what_cannot_be_looked_at_is_not_right(controller: Controller, tmp_path: Path) -> None:
    controller.run()
    place = controller.vault.places[1].path
    place.rename(place.with_name("away"))
    try:
        found = night(controller)
        assert found["escrowed"]["state"] == "unreadable" and "copy 2 of the vault is away" in found["escrowed"]["why"]
    finally:
        place.with_name("away").rename(place)
    shutil.rmtree(controller.vault.var / "escrow")
    assert "no recovery key of disk" in faults(controller)["escrowed"][0], (
        "the controller remembers nothing, and says so"
    )
    (controller.vault.var / "escrow.json").unlink()
    assert night(controller)["escrowed"]["state"] == "absent", "no vault: not checked"
