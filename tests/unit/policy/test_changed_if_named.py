"""What a roll-out changes of BitLocker only where the school says that it keeps the recovery passwords."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leeboard.model.device import device
from leeboard.model.enums import Level, Mode, Platform
from leeboard.model.observation import Reading, measurements
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.resolve import Wanted, resolve

BASELINE = load()
PLACES = ("ours", "ad", "entra")
WHOLE = ("ENC-01", "ENC-03", "ENC-06", "ENC-10")


def wanted_of(word: str, level: Level = Level.STANDARD, platform: Platform = Platform.WINDOWS) -> Wanted:
    variables = {
        "leeboard_platform": platform.value, "leeboard_form": "portable", "leeboard_role": "staff_portable",
        "leeboard_level": level.value, "leeboard_urn": "900001", "leeboard_enforce": ["ENC"],
        "leeboard_recovery_passwords": word,
    }  # fmt: skip
    return resolve(BASELINE, device("laptop", variables, tuple(BASELINE.parameters)))


def modes(wanted: Wanted) -> dict[str, Mode]:
    return {one.control.id: one.mode for one in wanted.controls if one.control.id in WHOLE}


@pytest.mark.parametrize("level", Level)
def test_nothing_of_a_volume_is_enforced_before_the_word(level: Level) -> None:
    assert modes(wanted_of("elsewhere", level)) == dict.fromkeys(WHOLE, Mode.REPORT)
    for word in PLACES:
        assert modes(wanted_of(word, level)) == dict.fromkeys(WHOLE, Mode.ENFORCE)


@pytest.mark.parametrize("level", Level)
def test_a_directory_and_the_vault_ask_for_the_same_but_for_who_keeps_them(level: Level) -> None:
    """What is about passwords in the vault is asked with it alone; its ledger keeps windows for all of them."""
    asked = {
        word: {one.setting.id: one.mode for one in wanted_of(word, level).settings if one.control.id.startswith("ENC")}
        for word in PLACES
    }
    for word in ("ad", "entra"):
        of_vault = {one for one in asked["ours"] if one not in asked[word]}
        assert of_vault == {
            "policy-vault-first", "policy-vault-first-data", "windows-escrowed", "windows-known-passwords",
            "windows-rotated", "windows-age",
        }  # fmt: skip
        common = asked["ours"].keys() & asked[word].keys()
        assert {one: asked[word][one] for one in common} == {one: asked["ours"][one] for one in common}
    policy = ("policy-backup", "policy-backup-whole", "policy-backup-first")
    assert {asked["ad"][one] for one in (*policy, "policy-backup-data", "policy-backup-first-data")} == {Mode.ENFORCE}
    assert {asked["entra"][one] for one in policy} == {Mode.REPORT} and "policy-backup-data" not in asked["entra"]
    assert not {*policy, "policy-backup-data", "policy-backup-first-data"} & asked["ours"].keys()
    for word in ("ad", "entra"):
        assert asked[word]["windows-protected"] is asked[word][f"windows-kept-{word}"] is Mode.ENFORCE
        assert not {"windows-kept", "windows-protection-on", "windows-suspension"} & asked[word].keys()


def test_linux_is_as_ever() -> None:
    assert modes(wanted_of("ours", platform=Platform.LINUX)) == dict.fromkeys(WHOLE, Mode.REPORT)


def test_the_plan_leaves_to_the_action_what_the_action_changes() -> None:
    wanted = wanted_of("ours", Level.HIGH)
    enforced = [one for one in wanted.settings if one.setting.driver == "bitlocker_volume" and one.mode is Mode.ENFORCE]
    assert {one.setting.judgement for one in enforced} == {
        "bitlocker_unencrypted_system", "bitlocker_pre_boot", "bitlocker_recovery_passwords",
        "bitlocker_unencrypted_data",
    }  # fmt: skip
    (protection,) = (one for one in wanted.settings if one.setting.id == "windows-protected")
    assert (protection.control.id, protection.mode) == ("ENC-01", Mode.ENFORCE)
    clear = '{"name": "C", "letter": "C:", "kind": 0, "conversion": 0, "protection": 0, "method": 0, "protectors": []}'
    found = {"state": "value", "value": [clear], "source": "test"}
    seen = measurements(
        [Reading.model_validate({"driver": "bitlocker_volume", "address": "volumes", "effective": found})]
    )
    steps = plan(wanted, seen, ["ENC"], datetime(2026, 12, 2, tzinfo=UTC))
    assert [step.driver for step in steps if step.driver.startswith("bitlocker_volume")] == []
