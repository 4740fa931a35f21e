"""What the vault says each night of a Windows device's volumes, beside what the device shows of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.vault import controller_state, replica
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.keeping import Strangers, Wish
from leeboard.escrow.volumes.readings import KeptVolumes, of_escrow
from leeboard.model.device import Device
from leeboard.model.enums import Level
from leeboard.model.observation import Aspect, Found, Nothing, Observation, Reading, Unreadable
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.judgements.answer import Answer, DoesNotApply
from leeboard.verdict.judgements.bitlocker import BackupState, EncryptableVolume, Protector
from leeboard.verdict.judgements.registry import derive
from leeboard.verdict.judgements.volume import Trouble
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController, clear, encrypted, looked_after
from tests.unit.escrow.bitlocker_device import PASSWORD, WindowsDevice
from tests.unit.escrow.vaults import AT, a_vault


def shown(device: WindowsDevice) -> list[EncryptableVolume]:
    """The volumes as a visit reads them."""
    return [
        EncryptableVolume(
            name=drive.name, letter=drive.letter, kind=drive.kind, conversion=drive.conversion,
            protection=drive.protection, suspended=drive.suspended,
            protectors=tuple(Protector(id=one["id"], type=one["type"]) for one in drive.protectors),
        )
        for drive in device.drives
    ]  # fmt: skip


def looked(controller: WindowsController, level: Level = Level.STANDARD) -> KeptVolumes:
    """The vault as a night's check has it."""
    seen = controller_state.read(controller.vault.var)

    def places() -> list[replica.Place]:
        return [replica.open_place(path, seen.vault, copy) for copy, path in enumerate(seen.places, 1)]

    return KeptVolumes(controller.kept, places, frozenset(seen.custodians), level, DEVICE.urn)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as made:
        yield made


@pytest.fixture
def controller(vault: Vault) -> WindowsController:
    return looked_after(vault)


def test_each_volume_has_the_password_that_is_kept(controller: WindowsController) -> None:
    volumes, now = shown(controller.device), looked(controller)
    for kept in (now.escrowed(volumes), now.rotated(volumes), now.strangers(volumes)):
        assert [(one.name, one.faults) for one in kept] == [("C:", ()), ("D:", ())]
    key = now.current(volumes[0])
    assert (
        key is not None and f"key {key.id} is its recovery password {key.protector}" in now.escrowed(volumes)[0].grounds
    )
    assert [one.id for one in now.ages(volumes)] == [key.id for key in controller.kept.keys]


def test_a_password_that_was_changed_by_hand_is_not_the_one_that_is_kept(controller: WindowsController) -> None:
    drive = controller.device.drive("C:")
    key = looked(controller).current(shown(controller.device)[0])
    assert key is not None
    drive.protectors = [one for one in drive.protectors if one["type"] != PASSWORD]
    new = drive.protect(PASSWORD, "", "by hand")
    volumes, now = shown(controller.device), looked(controller)
    assert now.escrowed(volumes)[0].faults == (
        f"no recovery password that is in it is kept: {key.protector}, which key {key.id} is, is gone from it",
    )
    assert now.strangers(volumes)[0].faults == (f"nobody here knows its recovery password {new}",)
    assert now.ages(volumes)[0].id == "" and now.escrowed(volumes)[1].faults == ()


def test_what_was_read_out_lost_or_sealed_to_too_few_is_said(controller: WindowsController) -> None:
    volumes = shown(controller.device)
    key = looked(controller).current(volumes[0])
    assert key is not None
    controller.read_out(key)
    assert f"key {key.id} was read out at" in looked(controller).rotated(volumes)[0].faults[0]
    high = looked(controller, Level.HIGH).escrowed(volumes)[0].faults
    assert high == (f"key {key.id} is sealed to 1 custodian, and this level asks for 2",)
    (controller.vault.places[1].path / key.name).unlink()
    assert looked(controller).escrowed(volumes)[0].faults == (f"copy 2 of the envelope of key {key.id} is missing",)


def test_one_that_was_adopted_counts_as_kept_and_as_known(vault: Vault) -> None:
    controller = WindowsController(vault, encrypted(), Wish(strangers=Strangers.ADOPT))
    controller.run()
    volumes, now = shown(controller.device), looked(controller)
    assert now.strangers(volumes)[0].faults == ()
    key = now.current(volumes[0])
    assert key is not None and not key.adopted
    drive = controller.device.drive("C:")
    drive.protectors = [one for one in drive.protectors if one["id"] != key.protector]
    volumes = shown(controller.device)
    assert now.escrowed(volumes)[0].faults == ()
    assert "was known before it was kept" in now.rotated(volumes)[0].faults[0]


def test_in_clear_nothing_is_asked_and_what_cannot_be_told_is_an_error(vault: Vault) -> None:
    controller = WindowsController(vault, clear())
    volumes, now = shown(controller.device), looked(controller)
    assert [(one.faults, one.grounds) for one in now.escrowed(volumes)] == [((), "not encrypted")] * 2
    assert now.ages(volumes) == []
    locked = volumes[1].model_copy(update={"conversion": None})
    with pytest.raises(LeeboardError, match="D:: what it is, and by what it opens, cannot be told"):
        now.escrowed([volumes[0], locked])
    stick = volumes[1].model_copy(update={"kind": 2, "conversion": 1})
    assert [one.name for one in now.escrowed([volumes[0], stick])] == ["C:"]


BASELINE = load()


def wanted(where: str = "ours", device: Device = DEVICE) -> Wanted:
    return resolve(BASELINE, device.model_copy(update={"parameters": {"recovery_passwords": where}}))


def night(controller: WindowsController, aspect: Aspect | None = None) -> dict[str, Aspect]:
    """What a night's visit takes from the vault, by address."""
    texts = [one.model_dump_json() for one in shown(controller.device)]
    effective = aspect or Found(state="value", value=texts, source="device")
    said = Reading(driver="bitlocker_volume", address="volumes", effective=effective)
    observation = Observation.model_construct(readings=(said,))
    taken = of_escrow(observation, wanted(device=controller.registered), controller.vault.var)
    return {one.address: one.effective for one in taken}


def protection_of(found: dict[str, Aspect]) -> Answer:
    """What ENC-01 makes of the part about protection, which is taken out of what a night found."""
    aspect = found.pop("protection")
    assert isinstance(aspect, Found)
    return derive("bitlocker_unprotected_without_window", aspect.value, {}, AT)


def test_a_night_takes_what_the_vault_has(controller: WindowsController) -> None:
    found = night(controller)
    assert set(found) == {"age", "escrowed", "protection", "protectors", "rotated", "suspensions"}
    protection = found.pop("protection")
    assert isinstance(protection, Found) and isinstance(protection.value, list)
    assert [json.loads(text)["volume"]["letter"] for text in protection.value] == ["C:"], "its data drives are ENC-10"
    for aspect in found.values():
        assert isinstance(aspect, Found) and isinstance(aspect.value, list)
        assert [json.loads(text)["name"] for text in aspect.value] == ["C:", "D:"]


def test_where_passwords_are_kept_elsewhere_nothing_is_taken(controller: WindowsController) -> None:
    observation = Observation.model_construct(readings=())
    assert of_escrow(observation, wanted("elsewhere"), controller.vault.var) == []


def test_before_anything_is_encrypted_there_is_nothing_to_keep(vault: Vault) -> None:
    found = night(WindowsController(vault, clear()))
    with pytest.raises(DoesNotApply):
        protection_of(found)
    for aspect in found.values():
        assert isinstance(aspect, Found) and aspect.value == []


def test_what_cannot_be_told_is_no_answer(controller: WindowsController) -> None:
    no_bitlocker = Nothing(state="absent", source="WMI")
    assert all(aspect == no_bitlocker for aspect in night(controller, no_bitlocker).values())
    for aspect in night(controller, Found(state="value", value=["{}"], source="device")).values():
        assert isinstance(aspect, Unreadable) and aspect.why == "what the device says of its volumes makes no sense"
    shutil.rmtree(controller.vault.places[1].path)
    found = night(controller)
    assert isinstance(found["escrowed"], Unreadable) and isinstance(found["rotated"], Found)
    assert protection_of(found).value == ()
    (controller.vault.var / "escrow.json").unlink()
    found = night(controller)
    assert protection_of(found).value == (), "what the device says of its protection counts without a vault"
    for aspect in found.values():
        assert isinstance(aspect, Nothing) and "leeboard escrow init begins one" in aspect.note


def test_a_password_that_was_typed_at_the_device_is_to_be_changed(controller: WindowsController) -> None:
    """By the device's events at once; and by the ledger from the next roll-out on, when the events are gone."""
    volumes = shown(controller.device)
    key = looked(controller).current(volumes[0])
    assert key is not None
    typed = volumes[0].model_copy(update={"kept": BackupState(used=(key.protector,))})
    assert looked(controller).rotated([typed, volumes[1]])[0].faults == (
        f"key {key.id} was typed at the device, as its events said",
    )
    refused = BackupState(troubles={"used": Trouble(code="denied", why="the log was refused")})
    with pytest.raises(LeeboardError, match="was typed there cannot be told: the log was refused"):
        looked(controller).rotated([volumes[0].model_copy(update={"kept": refused}), volumes[1]])
    controller.device.code, controller.device.typed = 1, [key.protector]
    assert "the device did not take key" in controller.run().failed[0]
    controller.device.code, controller.device.typed = 0, []
    assert f"key {key.id} was typed at the device, as we heard at" in looked(controller).rotated(volumes)[0].faults[0]
    assert controller.run().changed and looked(controller).rotated(shown(controller.device))[0].faults == ()


@pytest.mark.parametrize("used", ["{p}", ["{p}"] * 501, [3]])
def test_what_a_device_says_was_typed_is_not_taken_as_it_comes(controller: WindowsController, used: Any) -> None:
    controller.device.typed = used
    with pytest.raises(LeeboardError, match="typed there makes no sense"):
        controller.run()
