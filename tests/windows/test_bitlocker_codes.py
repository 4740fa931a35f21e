"""No answer of BitLocker but 0 is taken for success, and neither is a 0 that did nothing.

Which methods there are is read from the device code: one that is called and tried nowhere fails here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from . import facts
from .bitlocker_bench import MODULES, Bench, State
from .test_bitlocker_change import OLD_KEY, STICK, TPM, encrypted, with_data

CLASS = "Win32_EncryptableVolume"
METHODS = facts.read()["classes"][facts.namespace(CLASS)][CLASS]["methods"]
CODE = "\n".join(
    path.read_text(encoding="utf-8") for path in (MODULES / "bitlocker").iterdir() if path.suffix in (".psm1", ".cs")
)
# Not what .NET has under such a name: cipher.Decrypt(...).
CALLED = {name for name in METHODS if re.search(rf"(?<!\.)\b{name}\b(?!\()", CODE)}
# What a 0 that did nothing would leave as it was, S_FALSE, and an answer without a number.
NOTHING_DONE, S_FALSE, NO_NUMBER = 0, 1, "no number"


def in_clear() -> State:
    return encrypted(OLD_KEY, conversion=0)


def suspended() -> State:
    return encrypted(TPM, OLD_KEY, clear_key=True, suspended=0)


def data_in_clear() -> State:
    return with_data(encrypted(TPM, OLD_KEY), OLD_KEY, conversion=0)


# What is asked of a volume before anything is done, and a machine where it is.
READ: dict[str, Callable[[], State]] = {
    "GetLockStatus": in_clear, "GetProtectionStatus": in_clear, "GetEncryptionMethod": in_clear,
    "GetConversionStatus": in_clear, "GetHardwareEncryptionStatus": in_clear, "GetHardwareTestStatus": in_clear,
    "GetKeyProtectors": in_clear, "GetKeyProtectorType": in_clear, "GetKeyProtectorFriendlyName": in_clear,
    "GetSuspendCount": suspended,
    "IsAutoUnlockEnabled": lambda: with_data(encrypted(TPM, OLD_KEY), OLD_KEY),
}  # fmt: skip
# What is done, the machine that it is done to, and what comes before it.
DONE: dict[str, tuple[Callable[[], State], list[str]]] = {
    "ProtectKeyWithTPM": (in_clear, []),
    "EncryptAfterHardwareTest": (in_clear, ["ProtectKeyWithTPM"]),
    "ResumeConversion": (lambda: encrypted(TPM, OLD_KEY, conversion=4, percentage=20), []),
    "Encrypt": (lambda: encrypted(TPM, OLD_KEY, conversion=3, percentage=60), []),
    "EnableKeyProtectors": (suspended, []),
    "DeleteKeyProtector": (lambda: encrypted(TPM, OLD_KEY, STICK), []),
    "ProtectKeyWithExternalKey": (data_in_clear, []),
    "EnableAutoUnlock": (data_in_clear, ["ProtectKeyWithExternalKey"]),
}
ELSEWHERE = {
    "DisableKeyProtectors": "test_bitlocker_suspend.py",
    "ProtectKeyWithNumericalPassword": "test_sealed_keys.py",
    "ProtectKeyWithTPMAndPIN": "test_sealed_keys.py",
    "GetKeyProtectorNumericalPassword": "test_sealed_keys.py",
    "BackupRecoveryInformationToActiveDirectory": "test_bitlocker_directory.py",
    "BackupRecoveryInformationToCloudDomain": "test_bitlocker_directory.py",
}
# What may be unknown: an older Windows lacks the one, and without the other all that changes counts as measured.
SPARED = {"GetSecureBootBindingState", "GetKeyProtectorPlatformValidationProfile"}


def test_every_method_that_is_called_is_tried() -> None:
    assert {*READ, *DONE, *ELSEWHERE, *SPARED} == CALLED
    for method, file in ELSEWHERE.items():
        assert method in (facts.STANDINS.parent / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [NOTHING_DONE, S_FALSE, NO_NUMBER])
@pytest.mark.parametrize("method", READ)
def test_what_was_not_told_is_no_answer_and_nothing_is_changed(bench: Bench, method: str, code: int | str) -> None:
    state = READ[method]()
    state["behaviour"] = {method: code}
    said = bench.change(state, kept=[OLD_KEY["id"]])
    assert said["changes"] == [] and said["journal"] == []
    refusals = " ".join(said["outcome"]["refusals"])
    assert "what it is cannot be told" in refusals
    if code != NOTHING_DONE:
        assert f"{CLASS}.{method}" in refusals


@pytest.mark.parametrize("code", [NOTHING_DONE, S_FALSE, NO_NUMBER])
@pytest.mark.parametrize("method", DONE)
def test_what_was_not_done_ends_it_there(bench: Bench, method: str, code: int | str) -> None:
    make, before = DONE[method]
    state = make()
    state["behaviour"] = {method: code}
    said = bench.change(state, kept=[OLD_KEY["id"]], options=["remove_strangers"])
    assert said["changes"] == before
    if code == NOTHING_DONE:
        assert "was done, and the machine is as before" in said["error"]
    else:
        words = "it did not do what was asked" if code == S_FALSE else "it returned no number"
        assert f"{CLASS}.{method}" in said["error"] and words in said["error"]


def test_what_1_means_is_said_of_the_method_that_has_it(bench: Bench) -> None:
    script = "Get-LeeboardBitLockerWord 1 $arguments.method"
    directory = bench.run(script, method="BackupRecoveryInformationToActiveDirectory")
    assert "group policy does not permit" in directory and "Active Directory" in directory
    assert bench.run(script, method="Encrypt") == (
        "it did not do what was asked, and calls that no error (S_FALSE) (0x00000001)"
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("$null", "gave no answer"),
        ("@($null)", "gave no answer"),
        ("@{}", "returned no number"),
        ("@{ ReturnValue = $null }", "returned no number"),
        ("@{ ReturnValue = '' }", "returned no number"),
        ("@{ ReturnValue = $false }", "returned no number"),
        ("[pscustomobject]@{ Other = 0 }", "returned no number"),
        ("@{ ReturnValue = [uint32]2150694912 }", ""),
        ("@{ ReturnValue = -2144272384 }", ""),
    ],
)
def test_a_code_is_a_number_without_a_sign(bench: Bench, answer: str, words: str) -> None:
    script = f"""
        try {{ Get-LeeboardReturnCode -Answer ({answer}) -Method Class.Method }}
        catch {{ (ConvertTo-LeeboardProblem $_).Why }}
    """
    said = bench.run(script)
    assert words in said if words else said == 0x80310000
