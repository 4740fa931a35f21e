"""The stand-in for BitLocker goes through its states as Microsoft's pages say: codes, preconditions, what time does.

On Linux, without a Windows: test_standin_bitlocker.py has what the stand-in for CIM makes of it. Pages are those of
MicrosoftDocs/win32, desktop-src/SecProv; a line that names none is about names of com-error-codes-6.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from . import volume_time
from .bitlocker_bench import Bench, State, add_data, clean, volume

DIGITS = "-".join(["000011", "720885", "111111", "000000", "123453", "654324", "222222", "333333"])
BAD_SUM, TOO_LARGE = DIGITS.replace("111111", "111112"), DIGITS.replace("720885", "720896")
OTHER = "-".join(["000022"] * 8)


@pytest.fixture
def state() -> State:
    """A laptop in clear, with a data drive."""
    made = clean()
    add_data(made)
    return made


def code(bench: Bench, state: State, method: str, letter: str = "C:", **given: Any) -> str:
    """What a method returns, as the pages write it."""
    return f"{bench.call(state, method, letter, **given)['ReturnValue']:#x}"


def ready(bench: Bench, state: State) -> str:
    """A recovery password and a TPM protector, whose id it gives."""
    bench.call(state, "ProtectKeyWithNumericalPassword", NumericalPassword=DIGITS)
    return str(bench.call(state, "ProtectKeyWithTPM")["VolumeKeyProtectorID"])


# Page: what is asked, of which drive, and the code, in order.
CODES: dict[str, list[tuple[str, str, dict[str, Any], str]]] = {
    "encryptafterhardwaretest": [
        ("EncryptAfterHardwareTest", "D:", {}, "0x80310028"),
        ("EncryptAfterHardwareTest", "C:", {}, "0x8031002e"),
        ("ProtectKeyWithNumericalPassword", "C:", {}, "0x0"),
        ("EncryptAfterHardwareTest", "C:", {}, "0x8031003b"),
        ("ProtectKeyWithTPM", "C:", {}, "0x0"),
        ("EncryptAfterHardwareTest", "C:", {"EncryptionMethod": 9}, "0x80070057"),
        ("EncryptAfterHardwareTest", "C:", {"EncryptionMethod": 7}, "0x0"),
        ("Encrypt", "C:", {}, "0x0"),
        ("EncryptAfterHardwareTest", "C:", {}, "0x80310039"),
        ("Encrypt", "C:", {"EncryptionMethod": 7}, "0x8031002d"),
    ],
    "protectkeywithnumericalpassword": [
        ("ProtectKeyWithNumericalPassword", "D:", {"NumericalPassword": "1"}, "0x80310035"),
        ("ProtectKeyWithNumericalPassword", "D:", {"NumericalPassword": BAD_SUM}, "0x80310035"),
        ("ProtectKeyWithNumericalPassword", "D:", {"NumericalPassword": TOO_LARGE}, "0x80310035"),
        ("ProtectKeyWithNumericalPassword", "D:", {"NumericalPassword": DIGITS}, "0x0"),
        ("ProtectKeyWithNumericalPassword", "D:", {"NumericalPassword": OTHER.replace("-", " ")}, "0x0"),
    ],
    "protectkeywithtpmandpin": [
        ("ProtectKeyWithTPMAndPIN", "D:", {"PIN": "19283746"}, "0x80310023"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "12345"}, "0x80310068"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "1" * 21}, "0x80310068"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "letters1"}, "0x8031009a"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "123456", "PlatformValidationProfile": [7, 24]}, "0x80070057"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "123456"}, "0x0"),
        ("ProtectKeyWithTPMAndPIN", "C:", {"PIN": "123456"}, "0x80310031"),
        ("ProtectKeyWithTPM", "C:", {}, "0x0"),
    ],
    "enableautounlock": [
        ("EnableAutoUnlock", "C:", {"VolumeKeyProtectorID": "x"}, "0x80310019"),
        ("IsAutoUnlockEnabled", "D:", {}, "0x80310008"),
        ("EnableAutoUnlock", "D:", {"VolumeKeyProtectorID": "x"}, "0x80310008"),
        ("ProtectKeyWithExternalKey", "D:", {}, "0x0"),
        ("EnableAutoUnlock", "D:", {"VolumeKeyProtectorID": "x"}, "0x80310020"),
        ("ProtectKeyWithTPM", "C:", {}, "0x0"),
        ("Encrypt", "C:", {}, "0x0"),
        ("EnableAutoUnlock", "D:", {"VolumeKeyProtectorID": "x"}, "0x80070057"),
        ("DisableAutoUnlock", "D:", {}, "0x80310017"),
        ("IsAutoUnlockKeyStored", "D:", {}, "0x80310028"),
    ],
    "lock": [
        ("Lock", "D:", {}, "0x80310001"),
        ("ProtectKeyWithPassphrase", "D:", {}, "0x0"),
        ("ProtectKeyWithPassphrase", "C:", {}, "0x8031006d"),
        ("Encrypt", "D:", {}, "0x0"),
        ("Lock", "D:", {}, "0x80310022"),
        ("DisableKeyProtectors", "D:", {}, "0x0"),
        ("Lock", "D:", {}, "0x80310021"),
        ("Lock", "C:", {}, "0x80070005"),
    ],
    "deletekeyprotector": [
        ("DeleteKeyProtector", "D:", {"VolumeKeyProtectorID": "x"}, "0x80310008"),
        ("GetKeyProtectorFriendlyName", "D:", {"VolumeKeyProtectorID": "x"}, "0x80310008"),
        ("ProtectKeyWithExternalKey", "D:", {}, "0x0"),
        ("DeleteKeyProtector", "D:", {"VolumeKeyProtectorID": "x"}, "0x80070057"),
        ("Encrypt", "D:", {}, "0x0"),
        ("DeleteKeyProtectors", "D:", {}, "0x8031001d"),
        ("DisableKeyProtectors", "D:", {}, "0x0"),
        ("DeleteKeyProtectors", "D:", {}, "0x0"),
        ("EnableKeyProtectors", "D:", {}, "0x80310008"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("page", CODES)
def test_methods_answer_by_the_codes_of_their_page(bench: Bench, state: State, page: str) -> None:
    for method, letter, given, expected in CODES[page]:
        assert code(bench, state, method, letter, **given) == expected, (method, letter, given)


def test_a_password_is_read_back_and_unlocks_nothing_that_is_open(bench: Bench, state: State) -> None:
    made = bench.call(state, "ProtectKeyWithNumericalPassword", "D:", NumericalPassword=DIGITS, FriendlyName="ours")
    by_id = {"VolumeKeyProtectorID": made["VolumeKeyProtectorID"]}
    assert bench.call(state, "GetKeyProtectorNumericalPassword", "D:", **by_id)["NumericalPassword"] == DIGITS
    assert bench.call(state, "GetKeyProtectorFriendlyName", "D:", **by_id)["FriendlyName"] == "ours"
    assert code(bench, state, "UnlockWithNumericalPassword", "D:", NumericalPassword=OTHER) == "0x0"  # proves nothing
    bench.call(state, "Encrypt", "D:")
    volume_time.hours(state)
    assert code(bench, state, "Lock", "D:") == "0x0"
    assert code(bench, state, "UnlockWithNumericalPassword", "D:", NumericalPassword=OTHER) == "0x80310027"
    assert code(bench, state, "UnlockWithNumericalPassword", "D:", NumericalPassword="1") == "0x80310035"
    assert code(bench, state, "DeleteKeyProtector", "D:", **by_id) == "0x80310000"
    assert code(bench, state, "UnlockWithNumericalPassword", "D:", NumericalPassword=DIGITS) == "0x0"
    assert not volume(state, "D:")["locked"]


def test_a_password_that_nobody_gave_is_made_by_windows(bench: Bench, state: State) -> None:
    made = bench.call(state, "ProtectKeyWithNumericalPassword")["VolumeKeyProtectorID"]
    text = bench.call(state, "GetKeyProtectorNumericalPassword", VolumeKeyProtectorID=made)["NumericalPassword"]
    groups = [int(one) for one in text.split("-")]
    assert len(groups) == 8 and all(one % 11 == 0 and one < 720896 for one in groups)


def test_encryption_advances_pauses_and_ends_protected(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "EncryptAfterHardwareTest", EncryptionMethod=7, EncryptionFlags=1)
    assert bench.call(state, "GetHardwareTestStatus") == {"TestStatus": 2, "TestError": 0, "ReturnValue": 0}
    assert volume_time.restart(state) == "clear"
    volume_time.hours(state, 40)
    said = bench.call(state, "GetConversionStatus", PrecisionFactor=0)
    assert [said[one] for one in ("ConversionStatus", "EncryptionPercentage", "EncryptionFlags")] == [2, 40, 1]
    bench.call(state, "PauseConversion")
    volume_time.hours(state, 40)
    assert volume(state)["percentage"] == 40
    bench.call(state, "ResumeConversion")
    assert volume_time.restart(state) == "tpm"
    volume_time.hours(state, 60)
    assert bench.call(state, "GetProtectionStatus")["ProtectionStatus"] == 1


def test_firmware_asks_for_the_password_until_the_protectors_are_refreshed(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "Encrypt")
    volume_time.hours(state)
    volume_time.measure(state, 0)
    assert volume_time.restart(state) == "tpm"  # bound to 7 and 11
    volume_time.measure(state, 7)
    assert volume_time.restart(state) == "recovery"
    bench.call(state, "DisableKeyProtectors", DisableCount=1)
    assert volume_time.restart(state) == "clear"
    assert volume(state)["clear_key"] is False
    assert volume_time.restart(state) == "tpm"


def test_a_tpm_that_was_cleared_or_is_locked_out_gives_nothing(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "Encrypt")
    volume_time.hours(state)
    chip = volume_time.tpm(state)
    assert chip is not None
    chip["locked_out"] = True
    assert bench.call(state, "IsLockedOut", tpm=True)["IsLockedOut"] is True
    assert bench.call(state, "Clear", tpm=True)["ReturnValue"] == 0x80280803
    assert volume_time.restart(state) == "recovery"
    assert code(bench, state, "ProtectKeyWithTPMAndPIN", PIN="123456") == "0x80280803"
    assert bench.call(state, "ResetAuthLockOut", tpm=True, OwnerAuth="guess")["ReturnValue"] == 0x80280001
    bench.call(state, "ResetAuthLockOut", tpm=True)
    assert volume_time.restart(state) == "tpm"
    bench.call(state, "Clear", tpm=True)
    assert volume_time.restart(state) == "recovery"
    assert code(bench, state, "ProtectKeyWithTPMAndPIN", PIN="123456") == "0x80310018"


def test_a_new_board_asks_for_the_password(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "Encrypt")
    volume_time.hours(state)
    volume_time.new_board(state)
    assert volume_time.restart(state) == "recovery"
    bench.call(state, "EnableKeyProtectors")  # its page: refreshes them
    assert volume_time.restart(state) == "tpm"


def test_a_failed_test_removes_the_protectors_and_says_so_until_the_next_start(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "EncryptAfterHardwareTest")
    volume_time.measure(state, 7)
    volume_time.restart(state)
    assert bench.call(state, "GetHardwareTestStatus") == {"TestStatus": 1, "TestError": 0x80310041, "ReturnValue": 0}
    assert volume(state)["protectors"] == [] and volume(state)["conversion"] == 0
    volume_time.restart(state)
    assert bench.call(state, "GetHardwareTestStatus")["TestStatus"] == 0


def test_a_data_drive_opens_with_the_volume_of_windows(bench: Bench, state: State) -> None:
    ready(bench, state)
    bench.call(state, "Encrypt")
    key = bench.call(state, "ProtectKeyWithExternalKey", "D:", FriendlyName="auto")["VolumeKeyProtectorID"]
    bench.call(state, "Encrypt", "D:")
    assert code(bench, state, "EnableAutoUnlock", "D:", VolumeKeyProtectorID=key) == "0x0"
    assert code(bench, state, "EnableAutoUnlock", "D:", VolumeKeyProtectorID=key) == "0x8031001f"
    assert code(bench, state, "DeleteKeyProtector", "D:", VolumeKeyProtectorID=key) == "0x8031001f"
    volume_time.hours(state)
    volume_time.restart(state)
    assert not volume(state, "D:")["locked"]
    assert code(bench, state, "Lock", "D:") == "0x80310097"
    assert code(bench, state, "Decrypt") == "0x80310029"
    assert code(bench, state, "ClearAllAutoUnlockKeys") == "0x0"
    assert code(bench, state, "Decrypt") == "0x0"
    volume_time.restart(state)
    assert volume(state, "D:")["locked"]


POLICIES = {
    "UseTPM is 0": ({"UseAdvancedStartup": 1, "UseTPM": 0}, "ProtectKeyWithTPM", {}, "0x80310066"),
    "a switch that is off": ({"UseTPM": 0}, "ProtectKeyWithTPM", {}, "0x0"),
    "UseTPMPIN is 0": (
        {"UseAdvancedStartup": 1, "UseTPMPIN": 0}, "ProtectKeyWithTPMAndPIN", {"PIN": "123456"}, "0x80310060"),
    "MinimumPIN": ({"MinimumPIN": 8}, "ProtectKeyWithTPMAndPIN", {"PIN": "1234567"}, "0x80310068"),
    "UseEnhancedPin": ({"UseEnhancedPin": 1}, "ProtectKeyWithTPMAndPIN", {"PIN": "letters1"}, "0x0"),
    "OSRecoveryPassword is 0": (
        {"OSRecovery": 1, "OSRecoveryPassword": 0}, "ProtectKeyWithNumericalPassword", {}, "0x8031005c"),
    "another method": ({"EncryptionMethodWithXtsOs": 7}, "Encrypt", {"EncryptionMethod": 6}, "0x80070057"),
    "a password first": ({"OSRecovery": 1, "OSRequireActiveDirectoryBackup": 1}, "Encrypt", {}, "0x8031002c"),
}  # fmt: skip


@pytest.mark.parametrize("what", POLICIES)
def test_a_policy_forbids(bench: Bench, state: State, what: str) -> None:
    policy, method, given, expected = POLICIES[what]
    if method == "Encrypt":
        bench.call(state, "ProtectKeyWithTPM")
    state["policy"] = policy
    assert code(bench, state, method, **given) == expected


def test_without_secure_boot_a_protector_is_bound_to_the_firmware(bench: Bench, state: State) -> None:
    volume_time.system(state)["binding"] = 0
    made = bench.call(state, "ProtectKeyWithTPM")["VolumeKeyProtectorID"]
    profile = bench.call(state, "GetKeyProtectorPlatformValidationProfile", VolumeKeyProtectorID=made)
    assert profile["PlatformValidationProfile"] == [0, 2, 4, 11]
    assert bench.call(state, "GetSecureBootBindingState")["BindingState"] == 0


def test_a_drive_that_encrypts_by_itself_has_a_protector_that_is_no_guid(bench: Bench, state: State) -> None:
    volume_time.system(state)["hardware"] = 3
    assert bench.call(state, "ProtectKeyWithTPM")["VolumeKeyProtectorID"] == "BitLocker"
