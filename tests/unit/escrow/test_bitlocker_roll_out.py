"""A roll-out's part in BitLocker: what the inventory says, down to a device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault.records import State
from leeboard.escrow.volumes.roll_out import UNTRIED, Variables, look_after
from leeboard.model.enums import Level
from leeboard.model.finding import Judged
from leeboard.model.observation import Found, Observation, Reading
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver, parse
from leeboard.planning.editions import NO_BITLOCKER
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.waivers import accept, in_force
from tests.unit.escrow.bitlocker_controller import DEVICE, WindowsController, clear
from tests.unit.escrow.bitlocker_device import PASSWORD, TPM_AND_PIN
from tests.unit.escrow.vaults import AT, a_vault

SEEN = Observation.model_construct(facts={}, readings=())
BASELINE = load()


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[WindowsController]:
    with a_vault(tmp_path) as made:
        yield WindowsController(made, clear())


def roll_out(
    controller: WindowsController, level: Level = Level.STANDARD, dry: bool = False, **variables: object
) -> Outcome:
    wanted = resolve(BASELINE, DEVICE.model_copy(update={"level": level}))
    given = Variables(**variables)  # type: ignore[arg-type]
    return look_after(controller.vault.var, wanted, SEEN, controller.device.ask, controller.clock, given, dry)


def test_a_preview_says_that_nobody_has_tried_it_and_changes_nothing(controller: WindowsController) -> None:
    before = controller.device.saved()
    said = roll_out(controller, dry=True)
    assert said.changed and UNTRIED in said.waiting and "on a real Windows yet" in said.summary
    assert controller.device.saved() == before and controller.kept.keys == ()
    assert controller.device.steps == ["survey"]


def test_it_is_done_and_what_comes_after_it_is_nothing(controller: WindowsController) -> None:
    assert roll_out(controller).failed == []
    for _night in range(3):
        controller.device.restart()
        controller.device.night()
        said = roll_out(controller)
    assert said.failed == [] and not said.changed and UNTRIED not in said.waiting
    controller.whole()


def test_a_pin_that_cannot_be_set_costs_the_password_nothing(controller: WindowsController) -> None:
    """At level high a vault with one custodian seals nothing, so it is asked for by name at level standard."""
    said = roll_out(controller, tpm="tpm-and-pin", pin="1234")
    assert any("leeboard_disk_pin must have 6" in one for one in said.waiting) and said.failed == []
    assert controller.device.wishes[-1]["without_pin"] is True
    assert [key.state for key in controller.kept.keys] == [State.COMPARED]
    assert [one["type"] for one in controller.device.drive("C:").protectors] == [PASSWORD]
    roll_out(controller, tpm="tpm-and-pin", pin="192837")
    assert {one["type"] for one in controller.device.drive("C:").protectors} == {PASSWORD, TPM_AND_PIN}
    assert not any("192837" in one for one in controller.device.sent)


@pytest.mark.parametrize("dry", [True, False])
def test_windows_home_is_refused_before_it_is_asked_anything(controller: WindowsController, dry: bool) -> None:
    home = Found(state="value", value="home", source="test")
    seen = Observation.model_construct(facts={"edition": home}, readings=())
    wanted = resolve(BASELINE, DEVICE)
    said = look_after(controller.vault.var, wanted, seen, controller.device.ask, controller.clock, Variables(), dry)
    assert said.failed == said.refused == [NO_BITLOCKER] and said.only_refused and not said.changed
    assert controller.device.steps == [] and controller.kept.keys == ()


def test_a_preview_counts_on_the_policy_that_a_roll_out_writes_first(controller: WindowsController) -> None:
    """At level high a PIN is wanted, and no policy permits one yet."""
    device = DEVICE.model_copy(
        update={"level": Level.HIGH, "enforce": ("ENC",), "parameters": {"recovery_passwords": "ours"}}
    )
    wanted = resolve(BASELINE, device)
    asked = {setting.setting.address: setting.setting for setting in wanted.settings}
    nothing = {"state": "absent", "source": "a clean Windows"}
    readings = [
        Reading.model_validate({"driver": one.driver, "address": one.address, "fingerprint": "f", "effective": nothing})
        for one in asked.values()
    ]
    no_mdm = Found(state="value", value=False, source="test")
    seen = Observation.model_construct(facts={"mdm_enrolled": no_mdm}, readings=readings)
    given = Variables(pin="19283746")
    look_after(controller.vault.var, wanted, seen, controller.device.ask, controller.clock, given, dry=True)
    policy = controller.device.wishes[-1]["policy"]
    start = {"UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1}
    assert {name: policy[name] for name in start} == start
    assert {"EncryptionMethodWithXtsOs": 7, "OSRecovery": 1, "OSRecoveryPassword": 1}.items() <= policy.items()
    assert "OSRequireActiveDirectoryBackup" not in policy
    look_after(
        controller.vault.var, resolve(BASELINE, DEVICE), SEEN, controller.device.ask, controller.clock, given, True
    )
    assert controller.device.wishes[-1]["policy"] == {}


def seen_in(conversion: int, has_tpm: bool = True) -> Observation:
    """A device whose volume of Windows is in clear (0) or encrypted and protected (1)."""
    volume = {
        "name": "C", "letter": "C:", "kind": 0, "conversion": conversion, "protection": conversion, "lock": 0,
        "protectors": [], "start": {"tpm": {"present": has_tpm}},
    }  # fmt: skip
    found = {"state": "value", "value": [json.dumps(volume)], "source": "WMI"}
    reading = {"driver": "bitlocker_volume", "address": "volumes", "fingerprint": "f", "effective": found}
    return Observation.model_construct(facts={}, readings=[Reading.model_validate(reading)])


@pytest.mark.parametrize(
    ("conversion", "last_day", "alone"),
    [(0, AT + timedelta(days=1), True), (1, AT + timedelta(days=1), False), (0, AT - timedelta(days=2), False)],
)
def test_a_volume_that_is_as_somebody_accepted_it_is_left_alone(
    controller: WindowsController, conversion: int, last_day: datetime, alone: bool
) -> None:
    risk = Waiver(
        id="W-2026-001", control="ENC-01", school=True, reason="It runs the lift.", owner="The caretaker",
        approved_by="The head", siro=True, granted=(AT - timedelta(days=9)).date(), last_day=last_day.date(),
    )  # fmt: skip
    ours = {"enforce": ("ENC",), "parameters": {"recovery_passwords": "ours"}, "waivers": (risk,)}
    wanted = resolve(BASELINE, DEVICE.model_copy(update=ours))
    var, ask = controller.vault.var, controller.device.ask
    said = look_after(var, wanted, seen_in(conversion), ask, controller.clock, Variables(), dry=True)
    assert (controller.device.steps == []) is alone
    assert ("accepted risk here (W-2026-001" in said.summary) is alone


def encrypted_of(wanted: Wanted, seen: Observation, at: datetime) -> Judged:
    """What a report says of whether the volume of Windows is encrypted, its waivers heeded."""
    waivers = in_force(wanted.device.waivers, wanted.baseline, at)
    findings, _spared = accept(evaluate(wanted, seen, at), waivers, wanted.baseline, wanted.device.asset)
    every = [judged for one in findings for judged in one.judged]
    (found,) = (one for one in every if one.setting == "windows-encrypted")
    return found


def test_the_named_exception_of_a_device_without_a_tpm_is_a_waiver(controller: WindowsController) -> None:
    (risk,) = parse(
        [{
            "id": "W-2026-002", "control": "ENC-01", "devices": [DEVICE.asset], "reason": "It has no TPM.",
            "settings": {"windows-encrypted": ["C:: not encrypted"]}, "owner": "The head", "approved_by": "The board",
            "siro": True, "granted": f"{AT:%Y-%m-%d}", "last_day": f"{AT + timedelta(days=90):%Y-%m-%d}",
        }]
    ).good  # fmt: skip
    ours = {"enforce": ("ENC",), "parameters": {"recovery_passwords": "ours"}, "waivers": (risk,)}
    wanted = resolve(BASELINE, DEVICE.model_copy(update=ours))
    for has_tpm in (False, True):  # what is accepted does not end with a setting of the firmware
        seen = seen_in(0, has_tpm)
        assert encrypted_of(wanted, seen, controller.clock()).verdict is Verdict.WAIVED
        said = look_after(controller.vault.var, wanted, seen, controller.device.ask, controller.clock, Variables())
        assert "accepted risk here (W-2026-002" in said.summary and controller.device.steps == []
    later = controller.clock() + timedelta(days=91)
    drifted = encrypted_of(wanted, seen_in(0, False), later)
    assert drifted.verdict is Verdict.DRIFTED and "Windows sees no TPM, so no roll-out encrypts it" in drifted.reason


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"tpm": "none"}, "leeboard_disk_tpm is 'none'"),
        ({"options": ["decrypt"]}, "leeboard_bitlocker_options names 'decrypt'"),
        ({"level": Level.HIGH, "tpm": "tpm"}, "the level asks for tpm-and-pin at a start"),
    ],
)
def test_what_is_wrong_in_the_inventory_is_said_before_the_device_is_asked(
    controller: WindowsController, variables: dict[str, object], words: str
) -> None:
    with pytest.raises(LeeboardError, match=words):
        roll_out(controller, **variables)  # type: ignore[arg-type]
    assert controller.device.steps == [] and controller.kept.keys == ()
