"""The action recovery_keys on a Windows device: a real visit and a real vault, over the state machine of BitLocker.

The modules run as Ansible runs them, on PowerShell 7 and on Linux; nothing but the way to the device is left out.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.leeboard.schools.plugins.action.recovery_keys import ActionModule

from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.records import Key
from leeboard.escrow.vault.records import State as KeyState
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.roll_out import ELSEWHERE, NO_WINDOW, UNTRIED
from leeboard.evidence.recording import handshake
from tests.unit.escrow.vaults import a_vault

from . import volume_time
from .bitlocker_bench import Bench, BenchDevice, add_data, clean, volume
from .bitlocker_school import is_protected
from .test_bitlocker_directory import JOIN
from .wire.secrets import leaks

RUN = "20261201T020000Z-0000aaaa"
URN, ASSET = "900001", "EP-0001"
SCHOOL = {
    "inventory_hostname": "office-1", "leeboard_asset": ASSET, "leeboard_urn": URN, "leeboard_school": "Hill School",
    "leeboard_platform": "windows", "leeboard_form": "portable", "leeboard_role": "office",
    "leeboard_level": "standard", "leeboard_enforce": ["ENC"], "leeboard_recovery_passwords": "ours",
}  # fmt: skip
SEEN = Path(__file__).parents[1] / "controls" / "compliant_windows.json"
PIN_POLICY = {"UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1, "UseTPMKey": 0, "UseTPMKeyPIN": 0}
OBSERVE, STEP = "leeboard.schools.win_observe", "leeboard.schools.win_bitlocker"


class DoubleAnsible(ActionModule):  # type: ignore[misc]
    """The action without Ansible round it: what it asks of the device is answered by a bench; `sent` has both."""

    def __init__(self, device: BenchDevice, variables: dict[str, Any], check: bool, work: str) -> None:
        self.device, self.sent, self.lost_at = device, [], ""
        self.policy: list[dict[str, Any]] = []  # what a visit reads beside the volumes
        self._task = SimpleNamespace(check_mode=check, no_log=False)
        self._task_vars = {**SCHOOL, **variables}
        self._arguments = {"work": work, "disk": None, "report": "", "refusals": "fail", "restarts": 1, "days": 3}
        self._templar = Templar(DataLoader())

    def _is_pipelining_enabled(self, *_: object) -> bool:
        return True

    def _execute_module(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.sent.append((module, json.dumps(arguments)))
        if module == OBSERVE:
            return {"observation": self._observation(arguments["challenge"])}
        assert module == STEP
        if arguments["step"] == self.lost_at:
            return {"failed": True, "msg": "the device was lost"}
        answer = self.device.answer({**arguments, "_ansible_check_mode": self._task.check_mode})
        self.sent.append(("answer", json.dumps(answer)))
        return answer

    def _observation(self, challenge: str) -> dict[str, Any]:
        seen = {**json.loads(SEEN.read_text(encoding="utf-8")), "challenge": challenge}
        seen.pop("_notice")
        return {**seen, "readings": [*seen["readings"], *self.policy, self.device.volumes()]}


class Controller:
    """A controller with a vault, and roll-outs of one device by it."""

    def __init__(self, vault: Vault, device: BenchDevice) -> None:
        self.vault, self.device = vault, device
        self.policy: list[dict[str, Any]] = []
        self.said: list[str] = []  # all that a roll-out sent or put out
        self.steps: list[str] = []

    def roll_out(
        self, check: bool = False, work: str = "bring", lost_at: str = "", refusals: str = "fail", **variables: Any
    ) -> dict[str, Any]:
        action = DoubleAnsible(self.device, variables, check, work)
        action.lost_at, action._arguments["refusals"] = lost_at, refusals
        action.policy = self.policy
        outcome = action._printable_result(action._outcome_of_work())
        self.said += [*(text for _module, text in action.sent), repr(outcome)]
        self.steps = [json.loads(text)["step"] for module, text in action.sent if module == STEP]
        return dict(outcome)

    def night(self) -> None:
        """A restart, and hours in which 60 per cent of a volume are encrypted."""
        volume_time.restart(self.device.state)
        volume_time.hours(self.device.state, 60)

    @property
    def keys(self) -> tuple[Key, ...]:
        return controller_state.records(self.vault.var, URN, ASSET).keys

    def passwords(self) -> list[dict[str, Any]]:
        """The recovery passwords of both volumes, as Windows has them."""
        return [
            one
            for letter in ("C:", "D:")
            for one in volume(self.device.state, letter)["protectors"]
            if one["type"] == 3
        ]


@contextmanager
def a_laptop_in_clear(bench: Bench, folder: Path) -> Iterator[Controller]:
    """A laptop in clear with a data drive, and a controller with a vault in a folder."""
    with a_vault(folder) as vault:
        evidence = vault.var / "evidence"
        evidence.mkdir()
        handshake.announce(RUN, evidence, salt="salt")
        device = bench.asked(clean())
        add_data(device.state)
        yield Controller(vault, device)
        handshake.withdraw()


@pytest.fixture
def controller(bench: Bench, tmp_path: Path) -> Iterator[Controller]:
    with a_laptop_in_clear(bench, tmp_path) as made:
        yield made


def findings(outcome: dict[str, Any]) -> dict[str, str]:
    """Control and verdict in the evidence that was filed."""
    return {one["control"]: one["verdict"] for one in json.loads(outcome["leeboard"])["findings"]}


def test_a_laptop_in_clear_is_encrypted_with_its_password_in_the_vault(controller: Controller, tmp_path: Path) -> None:
    device = controller.device
    before = copy.deepcopy(device.state)
    preview = controller.roll_out(check=True)
    assert controller.steps == ["survey"], preview
    assert device.state == before and controller.keys == ()
    assert preview["changed"] and not preview["failed"] and f"office-1: {UNTRIED}" in preview["warnings"]
    (diff,) = preview["diff"]
    assert "C: the next restart tests its protector, and encryption begins\n" in diff["prepared"]
    assert findings(preview)["ENC-07"] == "not_applicable", "nothing is encrypted, so there is no password to keep"

    first = controller.roll_out()
    assert first["changed"] and not first["failed"], first["msg"]
    assert device.changes == ["ProtectKeyWithTPM", "EncryptAfterHardwareTest"]
    assert "office-1: C: its hardware test waits for a restart" in first["warnings"]
    changes = json.loads(first["leeboard"])["changes"]
    assert [(one["control"], one["driver"]) for one in changes] == [
        ("ENC-07", "bitlocker_escrow"), ("ENC-01", "bitlocker_volume"), ("ENC-01", "bitlocker_volume"),
    ]  # fmt: skip
    assert changes[1]["journal"].endswith(f"{RUN}.jsonl")

    controller.night()
    under_way = controller.roll_out()
    assert not under_way["changed"] and findings(under_way)["ENC-01"] == "pending"
    assert "office-1: C: being encrypted, 60 % so far" in under_way["warnings"]
    controller.night()
    assert not controller.roll_out()["failed"], "the data drive comes once the volume of Windows is protected"
    controller.night()
    controller.night()
    assert is_protected(device.state, "C:", 1, 3) and is_protected(device.state, "D:", 2, 3)
    assert [key.state for key in controller.keys] == [KeyState.COMPARED] * 2
    assert {key.protector for key in controller.keys} == {one["id"] for one in controller.passwords()}

    settled, count = copy.deepcopy(device.state), len(device.changes)
    again = controller.roll_out()
    assert not again["changed"] and not again["failed"] and again["warnings"] == []
    assert device.state == settled and len(device.changes) == count
    assert {findings(again)[control] for control in ("ENC-07", "ENC-08")} == {"compliant"}
    for one in controller.passwords():
        assert not leaks(one["password"], *controller.said, tmp_path)


def test_a_pin_is_in_nothing_that_is_sent_or_said(controller: Controller, tmp_path: Path) -> None:
    controller.device.state["policy"] = dict(PIN_POLICY)
    wanted = {"leeboard_disk_tpm": "tpm-and-pin", "leeboard_disk_pin": "19283746"}
    assert not controller.roll_out(**wanted)["failed"]
    assert {one["type"] for one in volume(controller.device.state)["protectors"]} == {3, 4}
    for secret in ("19283746", *(one["password"] for one in controller.passwords())):
        assert not leaks(secret, *controller.said, tmp_path)


@pytest.mark.parametrize("check", [True, False])
def test_a_device_that_refuses_fails_later_and_alone(controller: Controller, check: bool) -> None:
    volume_time.tpm(controller.device.state).update(enabled=False)
    before = copy.deepcopy(controller.device.state)
    alone = controller.roll_out(check)
    assert alone["failed"] and "the TPM is switched off" in alone["msg"]
    told = controller.roll_out(check, refusals="tell")
    assert not told["failed"] and told["msg"] == alone["msg"] and findings(told)["ENC-01"] == "drifted"
    assert len(told["refused"]) == 1 and "the TPM is switched off" in told["refused"][0]
    assert controller.device.state == before and controller.keys == ()


def test_what_goes_wrong_otherwise_fails_at_once(controller: Controller) -> None:
    lost = controller.roll_out(lost_at="protect", refusals="tell")
    assert lost["failed"] and lost["refused"] == []


def test_a_vault_that_cannot_be_reached_changes_nothing_and_is_one_line(controller: Controller) -> None:
    before = copy.deepcopy(controller.device.state)
    shutil.rmtree(controller.vault.places[1].path)
    outcome = controller.roll_out()
    assert outcome["failed"] and not outcome.get("changed") and "\n" not in outcome["msg"]
    assert "copy 2 of the vault" in outcome["msg"]
    assert controller.steps == [] and controller.device.state == before


@pytest.mark.parametrize(
    ("work", "variables", "failed", "words"),
    [
        ("bring", {"leeboard_recovery_passwords": "elsewhere"}, False, ELSEWHERE),
        ("bring", {"leeboard_enforce": ["LCK"]}, False, "ENC is not named in leeboard_enforce everywhere"),
        ("bring", {"leeboard_bitlocker_options": "retry_test"}, True, "leeboard_bitlocker_options must be a list"),
        ("bring", {"leeboard_disk_tpm": "none"}, True, "leeboard_disk_tpm is 'none'"),
        ("bring", {"leeboard_disk_tpm": "tpm-and-pin", "leeboard_disk_pin": 192837}, True, "put it into quotes"),
        ("adopt", {}, True, "where leeboard_bitlocker_options names adopt_passwords"),
        ("restore", {}, True, "no header of a BitLocker volume is kept here"),
        ("bring", {"leeboard_bitlocker_manager": "ignore"}, True, "leeboard_bitlocker_manager"),
        ("suspend", {"leeboard_platform": "linux"}, True, "LUKS cannot be suspended"),
        ("suspend", {"leeboard_recovery_passwords": "elsewhere"}, False, ELSEWHERE),
    ],
)
def test_what_is_left_alone_or_refused_is_said_before_a_step_is_asked_for(
    controller: Controller, work: str, variables: dict[str, Any], failed: bool, words: str
) -> None:
    before = copy.deepcopy(controller.device.state)
    outcome = controller.roll_out(work=work, **variables)
    assert words in outcome["msg"] and bool(outcome.get("failed")) is failed
    assert bool(outcome.get("skipped")) is not failed
    assert controller.steps == [] and controller.device.state == before and controller.keys == ()


def test_a_device_that_is_lost_after_the_password_was_sealed_gets_another_one(controller: Controller) -> None:
    lost = controller.roll_out(lost_at="protect")
    assert lost["failed"] and "volume C: the device was lost" in lost["msg"]
    assert controller.passwords() == [] and volume(controller.device.state)["hardware_test"] == 0
    assert controller.device.changes == [], "without a password that was compared it goes no further"
    assert not controller.roll_out()["failed"]
    assert [key.state for key in controller.keys] == [KeyState.DROPPED, KeyState.COMPARED]
    (password,) = controller.passwords()
    assert controller.keys[1].protector == password["id"]


@pytest.mark.parametrize(
    ("word", "failed", "words"),
    [
        (None, True, "manages BitLocker here; leave it to it, or adopt it (leeboard_bitlocker_manager)"),
        ("leave", False, "manages BitLocker here, and it is left to it, as the school chose"),
        ("adopt", False, "manages BitLocker here as well, and may set and rotate by itself"),
    ],
)
def test_what_a_school_wants_where_another_service_manages_bitlocker(
    controller: Controller, word: str | None, failed: bool, words: str
) -> None:
    controller.device.state["subkeys"] = {r"HKLM\SOFTWARE\Policies\Microsoft\FVE": ["MDOPBitLockerManagement"]}
    variables = {"leeboard_bitlocker_manager": word} if word else {}
    for check in (True, False):
        said = controller.roll_out(check=check, **variables)
        assert bool(said["failed"]) is failed and words in said["msg"] and "\n" not in said["msg"]
        assert bool(controller.device.changes) is (word == "adopt" and not check)


@pytest.mark.parametrize("place", ["ad", "entra"])
def test_with_a_directory_nothing_of_it_comes_to_the_controller(
    controller: Controller, tmp_path: Path, place: str
) -> None:
    """No vault is asked, and no password travels, whatever is printed or filed."""
    state, word = controller.device.state, {"leeboard_recovery_passwords": place}
    refused = controller.roll_out(**word)
    assert refused["failed"] and "keeps no recovery password of it" in refused["msg"] and not refused["changed"]
    JOIN[place](state)
    shutil.rmtree(controller.vault.places[1].path)
    for _night in range(4):
        said = controller.roll_out(**word)
        assert not said["failed"], said["msg"]
        controller.night()
    assert is_protected(state, "C:", 1, 3) and is_protected(state, "D:", 2, 3)
    assert controller.keys == () and {one["taken"][0] for one in controller.passwords()} == {place}
    for one in controller.passwords():
        assert not leaks(one["password"], *controller.said, tmp_path)
    again = controller.roll_out(**word)
    assert not again["changed"] and not again["failed"]


def test_without_a_vault_no_window_is_open_where_a_directory_keeps_them(controller: Controller) -> None:
    JOIN["ad"](controller.device.state)
    (controller.vault.var / "escrow.json").unlink()
    outcome = controller.roll_out(work="suspend", leeboard_recovery_passwords="ad")
    assert outcome["skipped"] and outcome["msg"] == NO_WINDOW and controller.steps == []


def test_a_window_excuses_where_a_directory_keeps_them(controller: Controller) -> None:
    state, word = JOIN["ad"](controller.device.state), {"leeboard_recovery_passwords": "ad"}
    for _night in range(4):
        assert not controller.roll_out(**word)["failed"]
        controller.night()
    well = findings(controller.roll_out(check=True, **word))
    assert (well["ENC-01"], well["ENC-09"]) == ("compliant", "compliant")
    done = controller.roll_out(work="suspend", leeboard_suspension_reason="firmware", **word)
    assert done["changed"] and not done["failed"], done["msg"]
    assert (findings(done)["ENC-09"], findings(done)["ENC-01"]) == ("compliant", "pending")
    volume_time.restart(state)
    volume_time.system(state).update(clear_key=True, suspended=1)
    # Without a vault a suspension is seen all the same.
    (controller.vault.var / "escrow.json").unlink()
    shutil.rmtree(controller.vault.var / "escrow")
    alone = findings(controller.roll_out(check=True, **word))
    assert (alone["ENC-01"], alone["ENC-09"]) == ("drifted", "drifted")


def test_an_accepted_risk_is_left_alone_and_all_else_goes_on(controller: Controller) -> None:
    """A waiver of ENC-10 in the inventory, down to the device."""
    state = controller.device.state
    add_data(state, "E:")
    risk = {
        "id": "W-2026-004", "control": "ENC-10", "devices": [ASSET], "reason": "The lift's log.", "owner": "The head",
        "approved_by": "The board", "granted": f"{datetime.now(UTC):%Y-%m-%d}",
        "last_day": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}",
        "settings": {"windows-data-encrypted": ["D:: not encrypted"]},
    }  # fmt: skip
    words = f"ENC-10 is an accepted risk here (W-2026-004, until {risk['last_day']}): volume D is left as it is"
    for _night in range(4):
        for check in (True, False):
            said = controller.roll_out(check, leeboard_waivers=[risk])
            assert not said["failed"] and f"office-1: {words}" in said["warnings"], said
            assert not any("D:" in one for one in said["diff"] and said["diff"][0]["prepared"].splitlines())
        controller.night()
    assert is_protected(state, "C:", 1, 3) and is_protected(state, "E:", 2, 3)
    assert (volume(state, "D:")["conversion"], volume(state, "D:")["protectors"]) == (0, [])
    assert len(controller.keys) == 2 and not controller.roll_out(leeboard_waivers=[risk])["changed"]
    for _night in range(2):
        assert not controller.roll_out()["failed"]
        controller.night()
    assert is_protected(state, "D:", 2, 3), "and once the risk is no longer accepted it is encrypted"


def test_a_suspension_is_previewed_recorded_and_excused(controller: Controller) -> None:
    """ENC-09 excuses it, and ENC-01 is pending: it says that the key lies in clear, for whom and until when."""
    reason = {"leeboard_suspension_reason": "firmware of the docks"}
    refused = controller.roll_out(work="suspend", **reason)
    assert refused["failed"] and "it is not wholly encrypted and open" in refused["msg"]
    for _night in range(4):
        controller.roll_out()
        controller.night()
    before = copy.deepcopy(controller.device.state)
    preview = controller.roll_out(check=True, work="suspend", **reason)
    assert preview["changed"] and controller.device.state == before
    assert "to be suspended for 1 restart, for at most 3 days" in preview["msg"] and UNTRIED in preview["msg"]
    assert preview["diff"][0]["prepared"].startswith("volume C: it is to be suspended")
    done = controller.roll_out(work="suspend", **reason)
    assert done["changed"] and not done["failed"] and "\n" not in done["msg"]
    (change,) = json.loads(done["leeboard"])["changes"]
    assert (change["control"], change["address"]) == ("ENC-09", "suspend-count")
    assert change["journal"].endswith(f"{RUN}.jsonl")
    assert (findings(done)["ENC-09"], findings(done)["ENC-01"]) == ("compliant", "pending")
    (window,) = controller_state.records(controller.vault.var, URN, ASSET).windows
    words = f"suspended until {window.until} at the latest, for 1 more restart: firmware of the docks"
    settled, count = copy.deepcopy(controller.device.state), len(controller.device.changes)
    for check in (True, False):  # a roll-out leaves it alone, and fails nothing
        within = controller.roll_out(check)
        assert not within["changed"] and not within["failed"], within["msg"]
        assert "office-1: C: suspended for 1 more restart, as somebody wished" in within["warnings"]
        assert (findings(within)["ENC-09"], findings(within)["ENC-01"]) == ("compliant", "pending")
        assert "C:: it is not protected now: its key lies beside it in clear" in within["leeboard"]
        assert f"so whoever has the device can read it; a window is open for that: {words}" in within["leeboard"]
    assert controller.device.state == settled and len(controller.device.changes) == count
    nothing = controller.roll_out(work="suspend", leeboard_suspension_reason="")
    assert nothing["failed"] and "--reason: say in one line why" in nothing["msg"]
    volume_time.restart(controller.device.state)
    after = controller.roll_out()
    assert not after["changed"] and not after["failed"]
    assert {findings(after)[control] for control in ("ENC-01", "ENC-09")} == {"compliant"}
