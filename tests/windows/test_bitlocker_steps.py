"""Escrow and the device together: `keep` with a real vault, and the module win_bitlocker over the state machine.

The module runs as Ansible runs it, with its argument spec, but on PowerShell 7 and on Linux.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.records import State as KeyState
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes import keeping
from leeboard.escrow.volumes.keeping import Strangers, Wish, keep
from tests.unit.escrow.bitlocker_controller import DEVICE, reply
from tests.unit.escrow.vaults import AT, a_vault

from . import volume_time
from .bitlocker_bench import Bench, BenchDevice, State, add_data, clean, volume
from .bitlocker_school import is_protected
from .wire.secrets import leaks

MBAM = {r"HKLM\SOFTWARE\Policies\Microsoft\FVE": ["MDOPBitLockerManagement"]}
OLD = {"id": "{AAAAAAAA-0000-4000-8000-00000000000A}", "type": 3, "password": "000011-" * 7 + "000011", "name": ""}
TPM = {"id": "{BBBBBBBB-0000-4000-8000-00000000000B}", "type": 1, "pcrs": [7, 11]}
PIN_POLICY = {"UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1, "UseTPMKey": 0, "UseTPMKeyPIN": 0}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Vault]:
    with a_vault(tmp_path) as vault:
        yield vault


def roll_out(vault: Vault, device: BenchDevice, wish: Wish | None = None, dry: bool = False, day: int = 0) -> Outcome:
    """A visit of the controller."""
    at = AT + timedelta(days=day)

    def clock() -> datetime:
        nonlocal at
        at += timedelta(seconds=1)
        return at

    device.check = dry
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "new_reply", reply)
        return keep(vault, DEVICE, device.ask, clock, wish or Wish(), dry)


def night(device: BenchDevice | Losing) -> None:
    """A restart, and hours after it."""
    volume_time.restart(device.state)
    volume_time.hours(device.state, 60)


class Losing:
    """A device of which the connection is lost at the how-manieth step: before it is done, or before it is answered."""

    def __init__(self, device: BenchDevice, number: int = 0, done: bool = False) -> None:
        self.device, self.state, self.check = device, device.state, False
        self.number, self.done = number, done
        self.asked: list[str] = []

    def ask(self, step: str, **given: Any) -> dict[str, Any]:
        """One step."""
        self.asked.append(step)
        ends = len(self.asked) == self.number
        if ends and not self.done:
            raise LeeboardError("the device was lost")
        answer = self.device.ask(step, **given)
        if ends:
            raise LeeboardError("the device was lost")
        return answer


def secrets_of(state: State) -> list[str]:
    return [one["password"] for one in passwords_of(state)]


def passwords_of(state: State) -> list[dict[str, Any]]:
    """The recovery passwords of both volumes."""
    return [one for letter in ("C:", "D:") for one in volume(state, letter)["protectors"] if one["type"] == 3]


def encrypted() -> State:
    state = clean()
    made_so = {"conversion": 1, "percentage": 100, "method": 7, "protectors": copy.deepcopy([TPM, OLD])}
    volume_time.system(state).update(made_so)
    return state


def test_a_laptop_in_clear_becomes_one_that_can_be_recovered(bench: Bench, kept: Vault, tmp_path: Path) -> None:
    device = bench.asked(clean())
    add_data(device.state)
    first = roll_out(kept, device)
    assert first.failed == [] and first.changed
    assert device.changes == ["ProtectKeyWithTPM", "EncryptAfterHardwareTest"]
    assert any("its hardware test waits for a restart" in one for one in first.waiting)
    for day in range(1, 5):
        night(device)
        assert roll_out(kept, device, day=day).failed == []
    assert is_protected(device.state, "C:", 1, 3) and is_protected(device.state, "D:", 2, 3)
    keys = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys
    assert [key.state for key in keys] == [KeyState.COMPARED] * 2
    assert {key.protector for key in keys} == {one["id"] for one in passwords_of(device.state)}
    settled = copy.deepcopy(device.state)
    again = roll_out(kept, device, day=6)
    assert device.state == settled and not again.changed and again.failed == []
    for secret in secrets_of(device.state):
        assert not leaks(secret, *device.sent, tmp_path)


def test_a_preview_counts_on_the_policy_that_comes_first(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    wish = {"protector": "tpm-and-pin", "policy": {}}
    said = roll_out(kept, device, Wish(wish, "19283746"), dry=True)
    assert "no group policy permits a PIN at the start" in said.failed[0]
    said = roll_out(kept, device, Wish({**wish, "policy": PIN_POLICY}, "19283746"), dry=True)
    assert said.failed == [] and "C: the next restart tests its protector, and encryption begins" in said.done
    # What a roll-out does depends on what the machine really says.
    said = roll_out(kept, device, Wish({**wish, "policy": PIN_POLICY}, "19283746"))
    assert "no group policy permits a PIN at the start" in said.failed[0] and device.changes == []


def test_a_pin_that_is_not_at_hand_keeps_nothing_else_from_being_done(bench: Bench, kept: Vault) -> None:
    state = encrypted()
    state["policy"] = dict(PIN_POLICY)
    volume_time.system(state).update(clear_key=True, suspended=0)
    device = bench.asked(state)
    said = roll_out(kept, device, Wish({"protector": "tpm-and-pin", "without_pin": True}))
    assert said.failed == [] and device.changes == ["EnableKeyProtectors"]
    assert "volume C: TPM and PIN are wanted, and it has no PIN" in said.waiting
    assert not volume(device.state)["clear_key"]


def test_a_preview_changes_nothing_and_says_it_all(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    before = copy.deepcopy(device.state)
    said = roll_out(kept, device, dry=True)
    assert said.changed and said.failed == []
    assert said.done == [
        "volume C: no recovery password of it is kept: a recovery password is to be made",
        "C: the TPM opens it",
        "C: the next restart tests its protector, and encryption begins",
    ]
    assert device.state == before and device.changes == []
    assert controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys == ()
    with pytest.raises(LeeboardError, match="the step new_key is never made in check mode"):
        device.ask("new_key")


def test_a_preview_says_what_refuses(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    volume_time.tpm(device.state)["owned"] = False  # type: ignore[index]
    said = roll_out(kept, device, dry=True)
    assert said.failed == ["C: the TPM is not set up; restart, or let tpm.msc do it (ENC-05)"]
    assert said.done == [] and not said.changed


def test_a_pin_is_set_and_travels_sealed(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    device.state["policy"] = dict(PIN_POLICY)
    wish = Wish({"protector": "tpm-and-pin"}, pin="19283746")
    preview = roll_out(kept, device, wish, dry=True)
    assert "volume C: TPM and PIN are wanted, and it has no PIN" not in preview.waiting
    assert roll_out(kept, device, wish).failed == []
    for day in (1, 2, 3):
        night(device)
        roll_out(kept, device, wish, day=day)
    assert is_protected(device.state, "C:", 3, 4)
    assert not leaks("19283746", *device.sent)


def test_another_manager_is_named_and_left_to_it(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    device.state["subkeys"] = MBAM
    before = copy.deepcopy(device.state)
    said = roll_out(kept, device)
    assert len(said.failed) == 1 and "MBAM or Configuration Manager) manages BitLocker here" in said.failed[0]
    assert device.state == before
    assert controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys == ()
    managed = bench.asked(encrypted())
    managed.state["subkeys"] = MBAM
    assert len(roll_out(kept, managed).failed) == 1 and managed.changes == []
    assert controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys == ()


def test_where_the_school_leaves_it_to_the_manager_nothing_is_done_and_nothing_fails(bench: Bench, kept: Vault) -> None:
    for state in (clean(), encrypted()):
        device = bench.asked(state)
        device.state["subkeys"] = MBAM
        before = copy.deepcopy(device.state)
        for dry in (True, False):
            said = roll_out(kept, device, Wish({"options": ["leave_to_manager"]}), dry=dry)
            assert said.failed == [] and not said.changed
            (note,) = said.waiting
            assert "MBAM or Configuration Manager) manages BitLocker here, and it is left to it, as the school" in note
        assert device.state == before
    assert controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys == ()


def test_where_the_school_adopts_it_the_managers_password_is_kept_beside_ours(bench: Bench, kept: Vault) -> None:
    """The manager is named before anything is changed; without one, a stranger's password is only reported."""
    takes_over = Wish({"options": ["beside_manager"]}, takes_over=True)
    device = bench.asked(encrypted())
    device.state["subkeys"] = MBAM
    before = copy.deepcopy(device.state)
    preview = roll_out(kept, device, takes_over, dry=True)
    assert preview.changed and device.state == before
    assert any("manages BitLocker here as well, and may set and rotate by itself" in one for one in preview.waiting)
    assert any(f"recovery password {OLD['id']} is to be read out and kept" in one for one in preview.done)
    said = roll_out(kept, device, takes_over)
    assert said.failed == [] and OLD["id"] in {one["id"] for one in volume(device.state)["protectors"]}
    keys = controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys
    assert [(key.adopted, key.state) for key in keys] == [(True, KeyState.COMPARED), (False, KeyState.COMPARED)]
    device.state["subkeys"] = {}
    assert not roll_out(kept, device, takes_over).changed, "once the device is taken out of it, nothing is left to do"


def test_beside_no_manager_a_school_that_adopts_them_adopts_nothing_else(bench: Bench, kept: Vault) -> None:
    device = bench.asked(encrypted())
    said = roll_out(kept, device, Wish({"options": ["beside_manager"]}, takes_over=True))
    assert said.failed == [] and any(OLD["id"] in one and "nobody here knows" in one for one in said.waiting)
    assert [key.adopted for key in controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys] == [False]


@pytest.mark.parametrize(
    ("strangers", "passwords", "keys"),
    [(Strangers.REPORT, 2, 1), (Strangers.ADOPT, 2, 2), (Strangers.REPLACE, 1, 1)],
)
def test_a_password_that_nobody_knows(
    bench: Bench, kept: Vault, strangers: Strangers, passwords: int, keys: int
) -> None:
    device = bench.asked(encrypted())
    said = roll_out(kept, device, Wish(strangers=strangers))
    assert said.failed == []
    assert len([one for one in volume(device.state)["protectors"] if one["type"] == 3]) == passwords
    assert len(controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys) == keys
    named = any(OLD["id"] in one and "nobody here knows" in one for one in said.waiting)
    assert named is (strangers is Strangers.REPORT)


def test_a_password_is_removed_only_beside_one_that_stays(bench: Bench) -> None:
    device = bench.asked(encrypted())
    (name,) = (one["DeviceID"] for one in volume_time.instances(device.state))
    gone = "{00000000-0000-4000-8000-000000000001}"
    for keep_, protector in ((gone, OLD["id"]), (OLD["id"], OLD["id"]), (TPM["id"], OLD["id"])):
        with pytest.raises(LeeboardError, match="is not in the volume, so no other is removed"):
            device.ask("remove", volume=name, protector=protector, keep=keep_)
    assert device.ask("remove", volume=name, protector=TPM["id"], keep=OLD["id"]) == {"changed": False}
    assert device.changes == []


def test_drives_that_are_carried_away_and_locked_ones_get_no_key(bench: Bench, kept: Vault) -> None:
    device = bench.asked(encrypted())
    add_data(device.state, "D:", conversion=1, percentage=100, protectors=copy.deepcopy([OLD]), locked=True)
    add_data(device.state, "E:", conversion=1, percentage=100, protectors=copy.deepcopy([OLD]))
    volume_time.instances(device.state)[-1]["VolumeType"] = 2
    before: list[Any] = [volume(copy.deepcopy(device.state), letter) for letter in ("D:", "E:")]
    said = roll_out(kept, device)
    assert [volume(device.state, letter) for letter in ("D:", "E:")] == before
    assert said.failed == [
        "volume D: its protectors cannot be read; unlock it first",
        "D: it is locked; unlock it first",
    ]


@pytest.mark.parametrize("how", ["started", "opened"])
def test_a_password_that_was_typed_at_the_device_is_changed(bench: Bench, kept: Vault, how: str) -> None:
    device = bench.asked(clean())
    for day in range(3):
        assert roll_out(kept, device, day=day).failed == []
        night(device)
    (password,) = passwords_of_windows(device.state)
    if how == "started":
        volume_time.measure(device.state, 7)
        assert volume_time.restart(device.state) == "recovery", "the TPM gives nothing away, so somebody types it"
    else:
        volume_time.typed(device.state, password["id"], how)
        volume_time.typed(device.state, "{BBBBBBBB-0000-4000-8000-0000000000FF}", how)
    preview = roll_out(kept, device, dry=True, day=4)
    words = "was typed at the device: a recovery password is to be made"
    assert preview.changed and any(words in one for one in preview.done)
    said = roll_out(kept, device, day=4)
    assert said.failed == [] and said.changed
    (new,) = passwords_of_windows(device.state)
    assert new["id"] != password["id"] and new["password"] != password["password"]
    states = [key.state for key in controller_state.records(kept.var, DEVICE.urn, DEVICE.asset).keys]
    assert states == [KeyState.RETIRED, KeyState.COMPARED]
    assert not roll_out(kept, device, day=5).changed


def test_event_logs_that_cannot_be_read_are_named_and_change_nothing(bench: Bench, kept: Vault) -> None:
    device = bench.asked(clean())
    for day in range(3):
        roll_out(kept, device, day=day)
        night(device)
    device.state["logs"] = "refused"
    said = roll_out(kept, device, day=4)
    assert not said.changed and said.failed == []
    assert "whether a recovery password was typed there, its event logs do not say" in said.waiting


def passwords_of_windows(state: State) -> list[dict[str, Any]]:
    return [one for one in volume(state)["protectors"] if one["type"] == 3]


def holds(device: BenchDevice, vault: Vault) -> None:
    """No volume is encrypted, or about to be, without a recovery password that the ledger calls compared."""
    keys = controller_state.records(vault.var, DEVICE.urn, DEVICE.asset).keys
    compared = {key.protector for key in keys if key.state is KeyState.COMPARED}
    for letter in ("C:", "D:"):
        now = volume(device.state, letter)
        ids = {one["id"] for one in now["protectors"]}
        assert not (now["conversion"] or now["hardware_test"]) or ids & compared, (letter, now)


def lose(bench: Bench, vault: Vault, number: int, done: bool) -> list[str]:
    """Lose the connection at a step of five nights, and go on until nothing is left. What was asked until then."""
    losing = Losing(bench.asked(clean()), number, done)
    add_data(losing.state)
    for day in range(8):
        try:
            roll_out(vault, losing, day=day)
        except LeeboardError as problem:
            assert "the device was lost" in str(problem)
        holds(losing.device, vault)
        night(losing)
    assert is_protected(losing.state, "C:", 1, 3) and is_protected(losing.state, "D:", 2, 3)
    keys = controller_state.records(vault.var, DEVICE.urn, DEVICE.asset).keys
    in_use = {key.protector for key in keys if key.state is KeyState.COMPARED}
    assert in_use == {one["id"] for one in passwords_of(losing.state)}
    assert not any(key.state is KeyState.PENDING for key in keys)
    settled = copy.deepcopy(losing.state)
    assert not roll_out(vault, losing, day=9).changed and losing.state == settled
    return losing.asked


def test_a_password_whose_answer_was_lost_is_made_anew_and_the_other_goes(bench: Bench, kept: Vault) -> None:
    """The third step is the first `protect`. All points, over a double of the device: test_bitlocker_kills.py."""
    asked = lose(bench, kept, 3, done=True)
    assert asked[:3] == ["survey", "new_key", "protect"] and asked.count("remove") == 1
