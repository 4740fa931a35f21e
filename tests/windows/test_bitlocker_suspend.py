"""`leeboard escrow suspend` with a real vault, and the module win_bitlocker over the state machine."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.directory import Directory, give_away
from leeboard.escrow.volumes.suspending import Suspension, suspend
from tests.unit.escrow.bitlocker_controller import DEVICE
from tests.unit.escrow.vaults import AT, a_vault

from . import volume_time
from .bitlocker_bench import Bench, BenchDevice, add_data, clean, volume
from .test_bitlocker_directory import JOIN
from .test_bitlocker_steps import MBAM, OLD, encrypted, night, roll_out


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as vault:
        yield vault


@pytest.fixture
def device(bench: Bench, kept: Vault) -> BenchDevice:
    """A laptop with a data drive, both encrypted by roll-outs."""
    made = bench.asked(clean())
    add_data(made.state)
    for day in range(5):
        assert roll_out(kept, made, day=day).failed == []
        night(made)
    assert volume(made.state)["conversion"] == 1 and not volume(made.state)["clear_key"]
    made.changes.clear()
    return made


def held_off(vault: Vault, device: BenchDevice, restarts: int = 1, dry: bool = False, day: int = 6) -> Outcome:
    """Somebody suspends it for firmware."""
    device.check = dry
    at = AT + timedelta(days=day)
    return suspend(vault, DEVICE, device.ask, lambda: at, Suspension(restarts, "firmware"), dry)


def name_of(device: BenchDevice, letter: str = "C:") -> str:
    (found,) = (one for one in volume_time.instances(device.state) if one["DriveLetter"] == letter)
    return str(found["DeviceID"])


def test_firmware_goes_in_within_a_window_and_asks_for_nothing(device: BenchDevice, kept: Vault) -> None:
    before = copy.deepcopy(device.state)
    assert held_off(kept, device, dry=True).changed and device.state == before and device.changes == []
    outcome = held_off(kept, device)
    assert device.changes == ["DisableKeyProtectors"] and outcome.failed == []
    assert (volume(device.state)["clear_key"], volume(device.state)["suspended"]) == (True, 1)
    assert not volume(device.state, "D:")["clear_key"]
    assert outcome.changes[0]["journal"].endswith("r1.jsonl")
    assert "already" in held_off(kept, device).summary and len(device.changes) == 1

    left_alone = roll_out(kept, device, day=6)
    assert not left_alone.changed and "C: suspended for 1 more restart, as somebody wished" in left_alone.waiting
    volume_time.measure(device.state, 0, 7)
    assert volume_time.restart(device.state) == "clear"
    assert not volume(device.state)["clear_key"]
    assert volume_time.restart(device.state) == "tpm", "its protectors are sealed to what the firmware is now"
    assert not roll_out(kept, device, day=6).changed
    (window,) = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows
    assert window.ended and window.restarts == 1


def test_a_window_that_was_forgotten_is_ended_by_a_roll_out(device: BenchDevice, kept: Vault) -> None:
    held_off(kept, device, restarts=2)
    assert not roll_out(kept, device, day=8).changed
    ended = roll_out(kept, device, day=10)
    assert ended.changed and device.changes == ["DisableKeyProtectors", "EnableKeyProtectors"]
    assert not volume(device.state)["clear_key"]
    assert not roll_out(kept, device, day=10).changed


def test_what_somebody_else_suspended_for_longer_is_ended_within_a_window(device: BenchDevice, kept: Vault) -> None:
    held_off(kept, device)
    volume_time.system(device.state)["suspended"] = 0
    with pytest.raises(LeeboardError, match="suspended already, and by no window that is open"):
        held_off(kept, device)
    assert roll_out(kept, device, day=6).changed and not volume(device.state)["clear_key"]


def test_without_a_compared_password_or_beside_a_manager_nothing_is_suspended(bench: Bench, kept: Vault) -> None:
    device = bench.asked(encrypted())
    with pytest.raises(LeeboardError, match="no recovery password that is in it is kept here and was compared"):
        held_off(kept, device)
    device.state["subkeys"] = MBAM
    with pytest.raises(LeeboardError, match="nothing was suspended: C: Microsoft's BitLocker management"):
        held_off(kept, device)
    assert device.changes == []
    assert controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows == ()


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        ({}, {"restarts": 0}, "a number of restarts is 1 to 15, so it is not suspended"),
        ({}, {"restarts": 16}, "a number of restarts is 1 to 15, so it is not suspended"),
        ({}, {"keep": "{00000000-0000-4000-8000-000000000001}"}, "is not in the volume, so it is not suspended"),
        ({"conversion": 2, "percentage": 50}, {}, "not wholly encrypted with its protection on"),
        ({"clear_key": True, "suspended": 0}, {}, "not wholly encrypted with its protection on"),
        ({"letter": "D:"}, {}, "only the volume of Windows is suspended"),
    ],
)
def test_the_device_refuses_what_it_must(
    bench: Bench, change: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    device = bench.asked(encrypted())
    letter = change.pop("letter", "C:")
    add_data(device.state, protectors=copy.deepcopy([OLD]), conversion=1, percentage=100)
    volume_time.system(device.state).update(change)
    before = copy.deepcopy(device.state)
    with pytest.raises(LeeboardError, match=words):
        device.ask("suspend", **{"volume": name_of(device, letter), "keep": OLD["id"], "restarts": 1, **given})
    assert device.changes == [] and device.state == before
    with pytest.raises(LeeboardError, match="never made in check mode"):
        device.check = True
        device.ask("suspend", volume=name_of(device), keep=OLD["id"], restarts=1)


def test_a_windows_that_does_not_do_it_is_not_believed(device: BenchDevice, kept: Vault) -> None:
    device.state["behaviour"] = {"DisableKeyProtectors": 0}
    with pytest.raises(LeeboardError, match="was suspended for 1 restart, and now its protection is 1"):
        held_off(kept, device)
    (window,) = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows
    assert window.ended, "nothing is suspended, so nothing is excused"
    for code in (2150694912, 1, "no number"):
        device.state["behaviour"] = {"DisableKeyProtectors": code}
        with pytest.raises(LeeboardError, match="DisableKeyProtectors"):
            held_off(kept, device)


def given(vault: Vault, device: BenchDevice, place: str, day: int, dry: bool = False) -> Outcome:
    """A roll-out of a school whose directory keeps the passwords."""
    device.check = dry
    at = AT + timedelta(days=day)
    driver = {"protector": "tpm", "method": 7}
    return give_away(
        device.ask, Directory(place), driver, dry=dry, device=DEVICE, var=vault.var, clock=lambda: at
    )  # fmt: skip


def held_off_there(vault: Vault, device: BenchDevice, place: str, restarts: int = 1, dry: bool = False) -> Outcome:
    device.check = dry
    at = AT + timedelta(days=6)
    return suspend(vault, DEVICE, device.ask, lambda: at, Suspension(restarts, "firmware"), dry, place=place)


@pytest.mark.parametrize("place", JOIN)
def test_a_window_is_open_where_a_directory_keeps_the_password(bench: Bench, kept: Vault, place: str) -> None:
    """The same window, in the same ledger; what is relied on is what the device says that the directory took."""
    device = bench.asked(JOIN[place](clean()))
    with pytest.raises(LeeboardError, match="not wholly encrypted and open"):
        held_off_there(kept, device, place)
    for day in range(3):
        assert given(kept, device, place, day).failed == []
        night(device)
    device.changes.clear()
    before = copy.deepcopy(device.state)
    assert held_off_there(kept, device, place, dry=True).changed and device.state == before
    (password,) = (one for one in volume(device.state)["protectors"] if one["type"] == 3)
    outcome = held_off_there(kept, device, place)
    assert device.changes == ["DisableKeyProtectors"] and volume(device.state)["suspended"] == 1
    assert f"its directory ({place}) took its recovery password {password['id']}, as the device says" in outcome.summary
    for dry in (True, False):
        left_alone = given(kept, device, place, 6, dry)
        assert not left_alone.changed
        assert "C: suspended for 1 more restart, as somebody wished" in left_alone.waiting
    (window,) = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows
    assert not window.ended
    volume_time.restart(device.state)
    assert not given(kept, device, place, 6).changed
    (window,) = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows
    assert window.ended
    volume_time.system(device.state).update(clear_key=True, suspended=1)
    assert given(kept, device, place, 6).changed and not volume(device.state)["clear_key"], "no window is open for it"


def test_a_window_that_cannot_be_noted_as_over_keeps_nothing_from_being_done(bench: Bench, kept: Vault) -> None:
    device = bench.asked(JOIN["ad"](clean()))
    for day in range(3):
        given(kept, device, "ad", day)
        night(device)
    held_off_there(kept, device, "ad")
    shutil.rmtree(kept.places[1].path)
    after = given(kept, device, "ad", 20)
    assert after.failed == [] and not volume(device.state)["clear_key"]
    assert any("that a window is over is not noted yet: " in one and "copy 2" in one for one in after.waiting)


def test_what_a_directory_did_not_take_is_relied_on_by_nobody(bench: Bench, kept: Vault) -> None:
    device = bench.asked(JOIN["ad"](encrypted()))
    with pytest.raises(LeeboardError, match=r"its directory \(ad\) took no recovery password that is in it"):
        held_off_there(kept, device, "ad")
    assert device.changes == [] and controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).windows == ()
