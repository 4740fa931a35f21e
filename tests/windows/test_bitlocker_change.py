"""BitLocker is switched on and repaired step by step: over the state machine, whatever is cut off where."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from . import facts, volume_time
from .bitlocker_bench import Bench, State, add_data, clean, volume
from .bitlocker_school import Controller, Cut, is_protected

OLD_KEY = {"id": "{AAAAAAAA-0000-4000-8000-00000000000A}", "type": 3, "password": "000011-" * 7 + "000011"}
TPM = {"id": "{BBBBBBBB-0000-4000-8000-00000000000B}", "type": 1, "pcrs": [7, 11]}
PIN = {"id": "{CCCCCCCC-0000-4000-8000-00000000000C}", "type": 4, "pcrs": [7, 11]}
STICK = {"id": "{DDDDDDDD-0000-4000-8000-00000000000D}", "type": 2}
NETWORK = {"id": "{EEEEEEEE-0000-4000-8000-00000000000E}", "type": 9}


def encrypted(*protectors: dict[str, Any], **changes: Any) -> State:
    """A laptop that somebody encrypted."""
    state = clean()
    made = {"conversion": 1, "percentage": 100, "method": 7, "protectors": copy.deepcopy(list(protectors))}
    volume_time.system(state).update({**made, **changes})
    return state


def with_data(state: State, *protectors: dict[str, Any], **changes: Any) -> State:
    """And a data drive, encrypted where it has protectors."""
    made = {"conversion": 1, "percentage": 100, "method": 7} if protectors else {}
    add_data(state, protectors=copy.deepcopy(list(protectors)), **{**made, **changes})
    return state


PIN_POLICY = {"UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1, "UseTPMKey": 0, "UseTPMKeyPIN": 0}
PIN_WISH = {"protector": "tpm-and-pin"}


def pin(state: State) -> State:
    """A school whose policy wants TPM and PIN."""
    state["policy"] = dict(PIN_POLICY)
    return state


ASKED_BEFORE = "only a recovery password"
# How the machine is, what is wished, and the types of protectors that C: and D: have in the end.
SCENES: dict[str, tuple[Callable[[], State], dict[str, Any], dict[str, tuple[int, ...]]]] = {
    "in clear": (clean, {}, {"C:": (1, 3)}),
    "in clear, with data": (lambda: with_data(clean()), {}, {"C:": (1, 3), "D:": (2, 3)}),
    "in clear, PIN": (lambda: with_data(pin(clean())), PIN_WISH, {"C:": (3, 4), "D:": (2, 3)}),
    "TPM to PIN": (lambda: pin(encrypted(TPM)), PIN_WISH, {"C:": (3, 4)}),
    "suspended": (lambda: encrypted(TPM, clear_key=True, suspended=0), {}, {"C:": (1, 3)}),
    "clear key": (lambda: encrypted(clear_key=True), {}, {"C:": (1, 3)}),
    "decrypting": (lambda: encrypted(TPM, conversion=3, percentage=60), {}, {"C:": (1, 3)}),
    "decryption paused": (lambda: encrypted(TPM, conversion=5, percentage=60), {}, {"C:": (1, 3)}),
    "encryption paused": (lambda: encrypted(TPM, conversion=4, percentage=20), {}, {"C:": (1, 3)}),
    ASKED_BEFORE: (lambda: encrypted(OLD_KEY), {"options": ["remove_strangers"]}, {"C:": (1, 3)}),
    "strangers": (
        lambda: with_data(encrypted(OLD_KEY, STICK, NETWORK, TPM), STICK, OLD_KEY),
        {"options": ["remove_strangers"]},
        {"C:": (1, 3, 9), "D:": (2, 3)},
    ),
    "data suspended": (
        lambda: with_data(encrypted(TPM), clear_key=True, conversion=1), {}, {"C:": (1, 3), "D:": (2, 3)}),
}  # fmt: skip


@pytest.mark.parametrize("scene", SCENES)
def test_it_ends_protected_and_then_nothing_changes(bench: Bench, scene: str) -> None:
    make, wish, ends = SCENES[scene]
    controller = Controller(bench, make(), **wish)
    controller.nights()
    for letter, types in ends.items():
        assert is_protected(controller.state, letter, *types), volume(controller.state, letter)
        assert not volume(controller.state, letter)["locked"]
    settled = copy.deepcopy(controller.state)
    again = controller.visit()
    assert again["changes"] == [] and again["journal"] == [] and not again["outcome"]["changed"]
    assert again["outcome"]["needs"] == [] and controller.state == settled


def points(bench: Bench, scene: str) -> list[tuple[str, int, bool]]:
    """Where a scene can be cut off, found by watching it: the calls of its first roll-outs, the controller's steps."""
    make, wish, _ends = SCENES[scene]
    controller = Controller(bench, make(), **wish)
    found: list[tuple[str, int, bool]] = []
    for night in range(3):
        said = controller.visit()
        found += [(f"night {night}", one, done) for one in range(1, len(said["changes"]) + 1) for done in (True, False)]
        controller.restart()
        volume_time.hours(controller.state, 60)
    return found + [("controller", one, True) for one in range(1, len(controller.steps) + 1)]


def replay(bench: Bench, scene: str, point: tuple[str, int, bool], power: bool) -> None:
    """Cut it off there, and go on."""
    make, wish, ends = SCENES[scene]
    where, number, done = point
    controller = Controller(bench, make(), **wish)
    if where == "controller":
        controller.cut_at = number
        with pytest.raises(Cut):
            controller.nights(3)
        controller.cut_at = 0
    else:
        night = int(where.split()[1])
        controller.nights(night)
        while True:  # the needs of the same roll-out first, each answered by the controller
            said = bench.change(controller.state, kept=controller.compared, cut=number, done=done, **wish)
            if said["error"] or not said["outcome"]["needs"]:
                break
            for need in said["outcome"]["needs"]:
                controller._add(need["kind"], need["letter"])
        assert not said["error"] or "the power is off" in said["error"]
    controller.holds()
    if power:
        asked = controller.restart() == "recovery"
        assert not asked or scene == ASKED_BEFORE, point  # where every start asked for it before, and nothing was added
        controller.holds()
    controller.nights()
    for letter, types in ends.items():
        kept = [one for one in volume(controller.state, letter)["protectors"] if one["type"] == 3]
        spare = len(kept) - 1  # a password that was added and not compared is escrow's to remove
        assert is_protected(controller.state, letter, *types, *[3] * spare), volume(controller.state, letter)
        assert spare == 0 or where == "controller"
    again = controller.visit()
    assert again["changes"] == [] and not again["outcome"]["changed"]


def test_whatever_is_cut_off_the_next_run_finishes_it(bench: Bench) -> None:
    """One point of each scene by day."""
    for scene in SCENES:
        found = points(bench, scene)
        replay(bench, scene, found[len(found) // 2], power=len(scene) % 2 == 0)


@pytest.mark.full
def test_every_point_at_which_it_can_be_cut_off(bench: Bench) -> None:
    tried = 0
    for scene in SCENES:
        for point in points(bench, scene):
            for power in (True, False):
                replay(bench, scene, point, power)
                tried += 1
    assert tried >= 150


# How the machine is while nobody has the PIN at hand, what is done, and what C: is afterwards.
WITHOUT_PIN: dict[str, tuple[Callable[[], State], list[str], dict[str, Any]]] = {
    "in clear": (lambda: encrypted(OLD_KEY, conversion=0, percentage=0), [], {"conversion": 0, "hardware_test": 0}),
    "the TPM alone": (lambda: encrypted(TPM, OLD_KEY), [], {"conversion": 1, "clear_key": False}),
    "suspended": (
        lambda: encrypted(TPM, OLD_KEY, clear_key=True, suspended=0), ["EnableKeyProtectors"], {"clear_key": False}),
    "a stick, suspended": (
        lambda: encrypted(STICK, OLD_KEY, clear_key=True, suspended=0), ["EnableKeyProtectors"], {"clear_key": False}),
    "clear key, nothing but a password": (
        lambda: encrypted(OLD_KEY, clear_key=True), [], {"clear_key": True, "conversion": 1}),
    "decrypting": (
        lambda: encrypted(TPM, OLD_KEY, conversion=3, percentage=60, clear_key=True), ["Encrypt"], {"conversion": 2}),
    "decryption paused": (
        lambda: encrypted(TPM, OLD_KEY, conversion=5, percentage=60, clear_key=True), ["Encrypt"], {"conversion": 2}),
    "encryption paused": (
        lambda: encrypted(OLD_KEY, conversion=4, percentage=20, clear_key=True), ["ResumeConversion"],
        {"conversion": 2}),
    "a stranger beside the TPM": (
        lambda: encrypted(TPM, STICK, OLD_KEY), ["DeleteKeyProtector"], {"protectors": [TPM, OLD_KEY]}),
    "a stranger that alone opens it": (lambda: encrypted(STICK, OLD_KEY), [], {"protectors": [STICK, OLD_KEY]}),
    "its data drive": (
        lambda: with_data(encrypted(TPM, OLD_KEY), OLD_KEY), ["ProtectKeyWithExternalKey", "EnableAutoUnlock"],
        {"clear_key": False}),
}  # fmt: skip


@pytest.mark.parametrize("scene", WITHOUT_PIN)
def test_what_needs_no_pin_goes_on_while_nobody_has_it_at_hand(bench: Bench, scene: str) -> None:
    make, changes, ends = WITHOUT_PIN[scene]
    state, wish = pin(make()), {**PIN_WISH, "kept": [OLD_KEY["id"]], "options": ["remove_strangers"]}
    said = bench.change(state, without_pin=True, **wish)
    assert said["error"] == "" and said["outcome"]["refusals"] == [] and said["changes"] == changes, said
    assert [(one["kind"], one["letter"]) for one in said["outcome"]["needs"]] == [("pin", "C:")]
    now = volume(state)
    assert {part: now[part] for part in ends} == ends
    again = bench.change(state, without_pin=True, **wish)
    assert again["changes"] == [] and len(again["outcome"]["needs"]) == 1
    if scene.startswith("clear key"):
        assert said["outcome"]["notes"] == [
            "C: its key lies in clear until it has a PIN, since nothing else would open it at a start"
        ]


def test_a_preview_without_the_pin_promises_nothing_that_needs_it(bench: Bench) -> None:
    state = pin(encrypted(OLD_KEY, conversion=0, percentage=0))
    wish = {**PIN_WISH, "kept": [OLD_KEY["id"]], "preview": True, "check": True}
    whole = bench.change(copy.deepcopy(state), **wish)["outcome"]
    assert "C: the next restart tests its protector" in whole["diff"]["after"]
    without = bench.change(copy.deepcopy(state), without_pin=True, **wish)["outcome"]
    assert without["diff"]["after"] == "" and [one["kind"] for one in without["needs"]] == ["pin"]


def test_check_mode_says_the_same_and_changes_nothing(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY, clear_key=True, suspended=0), clear_key=True, conversion=1)
    before = copy.deepcopy(state)
    said = bench.change(state, kept=[OLD_KEY["id"]], check=True)
    assert state == before and said["changes"] == [] and said["journal"] == []
    assert said["outcome"]["changed"] and said["outcome"]["journal"] is None
    real = bench.change(state, kept=[OLD_KEY["id"]])
    assert real["changes"] == ["EnableKeyProtectors"]
    assert real["outcome"]["diff"] == said["outcome"]["diff"]
    assert real["outcome"]["diff"]["after"] == "C: its protection is switched on\n"
    assert real["journal"][0]["before"] == 0 and real["journal"][0]["driver"] == "bitlocker_volume"


def test_no_secret_stands_in_what_it_says_or_journals(bench: Bench) -> None:
    controller = Controller(bench, pin(clean()), **PIN_WISH)
    said = [controller.visit()]
    said.append(controller.visit())
    (password,) = (one["password"] for one in volume(controller.state)["protectors"] if "password" in one)
    text = json.dumps([[one["outcome"], one["journal"], one["error"]] for one in said])
    assert password not in text and password.replace("-", "") not in text and "19283746" not in text


REFUSALS: dict[str, tuple[Callable[[State], object], dict[str, Any], str]] = {
    "no TPM": (
        lambda s: s["namespaces"][volume_time.TPM_NAMESPACE].update(Win32_Tpm=[]), {}, "Windows sees no TPM"),
    "TPM off": (lambda s: volume_time.tpm(s).update(enabled=False), {}, "the TPM is switched off"),
    "TPM must be cleared": (lambda s: volume_time.tpm(s).update(needs=8), {}, "the TPM must be cleared"),
    "TPM of nobody": (lambda s: volume_time.tpm(s).update(owned=False), {}, "the TPM is not set up"),
    "TPM locked out": (lambda s: volume_time.tpm(s).update(locked_out=True), {}, "the TPM is locked out"),
    "no PCR 7": (lambda s: volume_time.system(s).update(binding=0), {}, "cannot be bound to Secure Boot (PCR 7)"),
    "PCR 7 by policy": (lambda s: volume_time.system(s).update(binding=1), {}, "a policy forbids it"),
    "TPM alone forbidden": (lambda s: s.update(policy=PIN_POLICY), {}, "UseTPM is 0"),
    "PIN not permitted": (lambda s: None, PIN_WISH, "no group policy permits a PIN"),
    "another start required": (
        lambda s: s.update(policy={"UseAdvancedStartup": 1, "UseTPMKey": 1}), {}, "UseTPMKey is 1"),
    "another method": (lambda s: s.update(policy={"EncryptionMethodWithXtsOs": 6}), {}, "wants the method 6"),
    "no recovery password": (
        lambda s: s.update(policy={"OSRecovery": 1, "OSRecoveryPassword": 0}), {"kept": []},
        "forbids recovery passwords"),
    "Active Directory first": (
        lambda s: s.update(policy={"OSRecovery": 1, "OSRequireActiveDirectoryBackup": 1}), {},
        "in Active Directory first"),
    "drive that encrypts": (lambda s: volume_time.system(s).update(hardware=3), {}, "set OSHardwareEncryption to 0"),
    "encrypted by the drive": (
        lambda s: volume_time.system(s).update(conversion=1, method=5), {}, "the drive encrypts by itself"),
    "protector that is no GUID": (
        lambda s: volume_time.system(s).update(protectors=[{"id": "BitLocker", "type": 3}]), {"kept": ["BitLocker"]},
        "the drive encrypts by itself"),
    "locked": (lambda s: volume_time.system(s).update(locked=True), {}, "it is locked"),
    "failed test": (lambda s: volume_time.system(s).update(hardware_test=1), {}, "its hardware test failed"),
    "failed test of before": (lambda s: None, {"test_failed": True}, "its hardware test failed"),
    "two systems": (
        lambda s: volume_time.instances(s).append(
            {**copy.deepcopy(volume_time.instances(s)[0]), "DeviceID": "other", "DriveLetter": "E:"}), {},
        "there are 2 volumes of Windows"),
    "hangs": (lambda s: s.update(behaviour={"GetConversionStatus": "hang"}), {}, "did not answer"),
    "nonsense": (lambda s: s.update(behaviour={"GetProtectionStatus": "nothing"}), {}, "gave no answer"),
    "refused": (lambda s: s.update(behaviour={"GetKeyProtectors": 0x80070005}), {}, "cannot be told (protectors)"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_what_cannot_be_had_is_said_before_anything_is_changed(bench: Bench, what: str) -> None:
    break_it, wish, words = REFUSALS[what]
    state = with_data(encrypted(OLD_KEY, conversion=0, percentage=0))
    break_it(state)
    before = copy.deepcopy(state)
    said = bench.change(state, **{"kept": [OLD_KEY["id"]], **wish})
    assert said["error"] == "" and words in " ".join(said["outcome"]["refusals"]), said
    assert said["changes"] == [] and said["journal"] == [] and state == before
    assert said["outcome"]["needs"] == []


SUSPENDED_REFUSALS: dict[str, tuple[Callable[[State], object], str]] = {
    "TPM off": (lambda s: volume_time.tpm(s).update(enabled=False), "the TPM is switched off"),
    "TPM locked out": (lambda s: volume_time.tpm(s).update(locked_out=True), "the TPM is locked out"),
}


@pytest.mark.parametrize("what", SUSPENDED_REFUSALS)
def test_protection_is_not_switched_on_over_a_tpm_that_gives_nothing(bench: Bench, what: str) -> None:
    break_it, words = SUSPENDED_REFUSALS[what]
    state = encrypted(TPM, OLD_KEY, clear_key=True, suspended=0)
    break_it(state)
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert words in said["outcome"]["refusals"][0] and said["changes"] == []


def test_a_volume_that_locks_in_the_middle_ends_it(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY), OLD_KEY)
    lock = "$Bench.State.namespaces['root\\cimv2\\Security\\MicrosoftVolumeEncryption'].Win32_EncryptableVolume[1]"
    said = bench.change(state, kept=[OLD_KEY["id"]], meanwhile=f"{lock}.bitlocker.locked = $true")
    assert said["changes"] == ["ProtectKeyWithExternalKey"] and said["error"] == ""
    assert said["outcome"]["refusals"] == ["D: it is locked; unlock it first"]
    assert len(said["outcome"]["done"]) == 1


def test_a_windows_without_bitlocker_is_left_alone(bench: Bench) -> None:
    state = clean()
    del state["namespaces"][volume_time.NAMESPACE]
    said = bench.change(state)
    assert "MicrosoftVolumeEncryption" in said["error"] and said["changes"] == []


def test_a_named_option_is_what_it_takes(bench: Bench) -> None:
    state = encrypted(OLD_KEY, conversion=0, binding=0, hardware_test=1)
    kept = [OLD_KEY["id"]]
    assert bench.change(state, kept=kept, options=["without_pcr7"])["changes"] == []
    assert bench.change(state, kept=kept, options=["retry_test"])["changes"] == []
    both = bench.change(state, kept=kept, options=["without_pcr7", "retry_test"])
    assert both["changes"] == ["ProtectKeyWithTPM", "EncryptAfterHardwareTest"]


def test_a_test_that_failed_takes_the_password_with_it_and_is_not_tried_again(bench: Bench) -> None:
    controller = Controller(bench, clean())
    controller.visit()
    volume_time.measure(controller.state, 7)
    controller.restart()
    now = volume(controller.state)
    assert (now["conversion"], now["protectors"], now["hardware_test"]) == (0, [], 1)
    said = bench.change(controller.state, kept=controller.compared)
    assert said["changes"] == [] and "its hardware test failed" in said["outcome"]["refusals"][0]
    said = bench.change(controller.state, kept=controller.compared, options=["retry_test"])
    assert [one["kind"] for one in said["outcome"]["needs"]] == ["recovery"]


@pytest.mark.parametrize(
    ("method", "code", "words"),
    [
        ("ProtectKeyWithTPM", 0x80280803, "the TPM is locked out"),
        ("EncryptAfterHardwareTest", 0x80310030, "medium that the machine could start from"),
        ("EncryptAfterHardwareTest", 0x80310011, "too little free space"),
        ("EncryptAfterHardwareTest", 0x8031FFFF, "pages do not tell what 0x8031ffff means"),
        ("ProtectKeyWithTPM", "hang", "did not answer"),
        ("ProtectKeyWithTPM", "nothing", "gave no answer"),
    ],
)
def test_a_step_that_fails_is_said_in_words(bench: Bench, method: str, code: int | str, words: str) -> None:
    state = encrypted(OLD_KEY, conversion=0)
    state["behaviour"] = {method: code}
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert words in said["error"] and "C: " in said["error"]
    assert len(said["journal"]) == 1 and volume(state)["conversion"] == 0 and volume(state)["hardware_test"] == 0


def test_a_step_that_did_nothing_is_not_repeated(bench: Bench) -> None:
    state = encrypted(TPM, OLD_KEY, clear_key=True, suspended=0)
    state["behaviour"] = {"EnableKeyProtectors": 0}
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert "was done, and the machine is as before" in said["error"]


def test_every_code_of_the_standin_has_words(bench: Bench) -> None:
    texts = [file.read_text(encoding="utf-8") for file in (facts.STANDINS / "CimCmdlets").glob("*Methods.psm1")]
    texts += [(facts.STANDINS / "CimCmdlets" / "VolumeProtectors.psm1").read_text(encoding="utf-8")]
    codes = sorted({int(one) for text in texts for one in re.findall(r"\[uint32\](\d{10})", text)})
    assert len(codes) > 25
    said = bench.run("foreach ($code in $arguments.codes) { Get-LeeboardBitLockerWord $code }", codes=codes)
    bare = [f"{code:#x}" for code, text in zip(codes, said, strict=True) if "do not tell" in text]
    assert bare == ["0x80070032"]  # ERROR_NOT_SUPPORTED, which only a reading meets


def test_what_is_left_alone_is_named(bench: Bench) -> None:
    state = encrypted(TPM, OLD_KEY, STICK, method=6, clear_key=True, suspended=2)
    before = copy.deepcopy(state)
    said = bench.change(state, kept=[OLD_KEY["id"]], restarts=2)["outcome"]
    assert state == before
    assert said["pending"] == ["C: suspended for 2 more restarts, as somebody wished"]
    assert [STICK["id"] in one or "method 6" in one for one in said["notes"]] == [True, True]
    assert bench.change(state, kept=[OLD_KEY["id"]], restarts=1)["changes"] == ["EnableKeyProtectors"]


def test_network_unlock_and_a_certificate_of_the_policy_are_no_strangers(bench: Bench) -> None:
    state = encrypted(TPM, OLD_KEY, NETWORK, {**NETWORK, "id": PIN["id"], "type": 7})
    said = bench.change(state, kept=[OLD_KEY["id"]], options=["remove_strangers"])
    assert said["changes"] == [] and said["outcome"]["notes"] == []


def test_a_data_drive_waits_for_the_volume_of_windows(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY, conversion=2, percentage=40))
    said = bench.change(state, kept=[OLD_KEY["id"]])["outcome"]
    assert said["needs"] == [] and said["pending"] == [
        "C: being encrypted, 40 % so far",
        "D: it waits until the volume of Windows is encrypted and protected",
    ]


def test_a_locked_data_drive_costs_nothing_but_itself(bench: Bench) -> None:
    state = with_data(encrypted(TPM, OLD_KEY, clear_key=True, suspended=0), OLD_KEY, locked=True)
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert said["changes"] == ["EnableKeyProtectors"]
    assert said["outcome"]["refusals"] == ["D: it is locked; unlock it first"]
