"""The stand-in for BitLocker and the TPM is the state machine that Microsoft's pages describe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import facts, volumes
from .machine import WindowsMachine
from .requirements import need_machine

OK, NO_PROTECTOR, BAD_ARGUMENT, LOCKED = 0, 0x80310008, 0x80070057, 0x80310000
EXISTS, NO_KEY_YET, NOT_SYSTEM, NOT_SUPPORTED, NO_WAY_BACK = 0x80310031, 0x8031002E, 0x80310023, 0x80070032, 0x80310022
METHODS = facts.read()["classes"][facts.namespace("Win32_EncryptableVolume")]["Win32_EncryptableVolume"]["methods"]
CALL = """
    $volume = Get-CimInstance Win32_EncryptableVolume -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption |
        Where-Object { $_.DriveLetter -eq $arguments.letter }
    $given = @{}
    foreach ($name in $arguments.given.Keys) { $given[$name] = $arguments.given[$name] }
    try { $volume | Invoke-CimMethod -MethodName $arguments.method -Arguments $given -ErrorAction Stop }
    catch { @{ failed = $_.FullyQualifiedErrorId } }
"""


@pytest.fixture(scope="module")
def built() -> Iterator[WindowsMachine]:
    """A machine without our code. Its volumes are set up by each test."""
    need_machine()
    made = WindowsMachine("VOLUMES", code=None)
    yield made
    made.close()


@pytest.fixture
def one(built: WindowsMachine) -> Iterator[WindowsMachine]:
    """The machine, with the state of CIM that it had put back afterwards."""
    with built.changing("cim") as state:
        kept = dict(state)
    yield built
    with built.changing("cim") as state:
        state.clear()
        state.update(kept)


def ask(machine: WindowsMachine, method: str, letter: str = "C:", **given: Any) -> dict[str, Any]:
    """What a method of a volume answers."""
    answer: dict[str, Any] = machine.run(CALL, letter=letter, method=method, given=given)
    known = METHODS.get(method)
    if known:
        assert set(given) <= set(known["in"]) and set(answer) <= {*known["out"], "failed"}, (method, given, answer)
    return answer


def status(machine: WindowsMachine) -> tuple[int, int]:
    """Conversion and protection."""
    conversion = ask(machine, "GetConversionStatus", PrecisionFactor=0)["ConversionStatus"]
    return conversion, ask(machine, "GetProtectionStatus")["ProtectionStatus"]


def test_properties_are_stale(one: WindowsMachine) -> None:
    """What a property says is never what the method of the same subject says, so that nothing can rest on one."""
    asked = """
        $volume = Get-CimInstance Win32_EncryptableVolume -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption
        $volume.ProtectionStatus, $volume.ConversionStatus
    """
    assert status(one) == (0, 0) and one.run(asked) == [1, 1]
    ask(one, "ProtectKeyWithTPM")
    ask(one, "Encrypt")
    volumes.hours_pass(one)
    assert status(one) == (1, 1) and one.run(asked) == [0, 0]


def test_from_clear_to_protected_and_back(one: WindowsMachine) -> None:
    assert status(one) == (0, 0)
    assert ask(one, "GetKeyProtectors")["ReturnValue"] == NO_PROTECTOR
    assert ask(one, "Encrypt")["ReturnValue"] == NO_KEY_YET
    password = ask(one, "ProtectKeyWithNumericalPassword")
    assert password["ReturnValue"] == OK
    assert ask(one, "ProtectKeyWithTPM")["ReturnValue"] == OK
    assert ask(one, "ProtectKeyWithTPM")["ReturnValue"] == EXISTS
    assert status(one) == (0, 0)
    assert ask(one, "EncryptAfterHardwareTest", EncryptionMethod=7)["ReturnValue"] == OK
    assert (status(one), ask(one, "GetHardwareTestStatus")["TestStatus"]) == ((0, 0), 2)
    volumes.restart(one)
    assert (status(one), ask(one, "GetHardwareTestStatus")["TestStatus"]) == ((2, 0), 0)
    assert ask(one, "PauseConversion")["ReturnValue"] == OK
    volumes.hours_pass(one)
    assert status(one) == (4, 0)
    ask(one, "ResumeConversion")
    volumes.hours_pass(one)
    assert (status(one), ask(one, "GetEncryptionMethod")["EncryptionMethod"]) == ((1, 1), 7)
    assert ask(one, "GetKeyProtectors", KeyProtectorType=3)["VolumeKeyProtectorID"] == [
        password["VolumeKeyProtectorID"]
    ]
    assert ask(one, "Decrypt")["ReturnValue"] == OK
    assert status(one) == (3, 0)
    volumes.hours_pass(one)
    assert status(one) == (0, 0)


def test_a_suspension_lasts_as_many_restarts_as_it_was_given(one: WindowsMachine) -> None:
    volumes.encrypt(one)
    assert ask(one, "GetSuspendCount")["ReturnValue"] == NOT_SUPPORTED
    assert ask(one, "DisableKeyProtectors", DisableCount=2)["ReturnValue"] == OK
    assert (status(one), ask(one, "GetSuspendCount")["SuspendCount"]) == ((1, 0), 2)
    volumes.restart(one)
    assert ask(one, "GetSuspendCount")["SuspendCount"] == 1
    volumes.restart(one)
    assert status(one) == (1, 1)
    ask(one, "DisableKeyProtectors", DisableCount=0)
    volumes.restart(one)
    volumes.restart(one)
    assert (status(one), ask(one, "GetSuspendCount")["SuspendCount"]) == ((1, 0), 0)
    assert ask(one, "EnableKeyProtectors")["ReturnValue"] == OK
    assert status(one) == (1, 1)


def test_protectors_have_types_and_pcrs_and_the_last_one_stays(one: WindowsMachine) -> None:
    volumes.encrypt(one)
    ids = ask(one, "GetKeyProtectors")["VolumeKeyProtectorID"]
    types = [ask(one, "GetKeyProtectorType", VolumeKeyProtectorID=each)["KeyProtectorType"] for each in ids]
    assert dict(zip(ids, types, strict=True)) == {volumes.PIN_ID: 4, volumes.PASSWORD_ID: 3}
    profile = "GetKeyProtectorPlatformValidationProfile"
    assert ask(one, profile, VolumeKeyProtectorID=volumes.PIN_ID)["PlatformValidationProfile"] == [7, 11]
    assert ask(one, profile, VolumeKeyProtectorID=volumes.PASSWORD_ID)["ReturnValue"] == BAD_ARGUMENT
    assert ask(one, "GetKeyProtectorType", VolumeKeyProtectorID="{none}")["ReturnValue"] == BAD_ARGUMENT
    assert ask(one, "DeleteKeyProtector", VolumeKeyProtectorID=volumes.PIN_ID)["ReturnValue"] == OK
    assert ask(one, "DeleteKeyProtector", VolumeKeyProtectorID=volumes.PASSWORD_ID)["ReturnValue"] == 0x8031001D
    assert ask(one, "GetKeyProtectors")["VolumeKeyProtectorID"] == [volumes.PASSWORD_ID]


def test_a_locked_data_volume_says_next_to_nothing(one: WindowsMachine) -> None:
    volumes.add(one, "D:", opens=False)
    assert ask(one, "ProtectKeyWithTPM", "D:")["ReturnValue"] == NOT_SYSTEM
    assert ask(one, "Lock", "D:")["ReturnValue"] == NO_WAY_BACK
    assert ask(one, "ProtectKeyWithNumericalPassword", "D:")["ReturnValue"] == OK
    assert ask(one, "Lock", "D:")["ReturnValue"] == OK
    assert ask(one, "GetLockStatus", "D:")["LockStatus"] == 1
    assert ask(one, "GetProtectionStatus", "D:")["ProtectionStatus"] == 2
    assert ask(one, "GetConversionStatus", "D:")["ReturnValue"] == LOCKED
    assert ask(one, "GetEncryptionMethod", "D:")["EncryptionMethod"] == 4294967295
    assert ask(one, "Lock")["ReturnValue"] == 0x80070005


def test_an_instance_is_a_snapshot_and_a_method_is_not(one: WindowsMachine) -> None:
    said = one.run(
        """
        $volume = Get-CimInstance Win32_EncryptableVolume -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption
        [void]($volume | Invoke-CimMethod -MethodName ProtectKeyWithNumericalPassword)
        $volume.IsVolumeInitializedForProtection
        @(($volume | Invoke-CimMethod -MethodName GetKeyProtectors).VolumeKeyProtectorID).Count
        """
    )
    assert said == [False, 1]


def test_a_method_may_fail_by_itself(one: WindowsMachine) -> None:
    place = f"{volumes.NAMESPACE}:{volumes.CLASS}.GetKeyProtectors"
    one.misbehave(place, "denied")
    assert "0x80041003" in ask(one, "GetKeyProtectors")["failed"]
    one.misbehave(place, "return", value=0x80070005)
    assert ask(one, "GetKeyProtectors") == {"ReturnValue": 0x80070005}
    assert ask(one, "GetProtectionStatus")["ReturnValue"] == OK
    assert "0x8004102e" in ask(one, "GetNothing")["failed"]


def test_the_tpm_answers_by_methods(one: WindowsMachine) -> None:
    script = """
        $tpm = Get-CimInstance Win32_Tpm -Namespace root/CIMV2/Security/MicrosoftTpm
        foreach ($name in 'IsEnabled', 'IsActivated', 'IsOwned') { ($tpm | Invoke-CimMethod -MethodName $name).$name }
        ($tpm | Invoke-CimMethod -MethodName IsReadyInformation).Information
        """
    assert one.run(script) == [True, True, True, 0]
    with one.changing("cim") as state:
        state["namespaces"][r"root\cimv2\Security\MicrosoftTpm"]["Win32_Tpm"][0]["tpm"].update(enabled=False, needs=32)
    assert one.run(script) == [False, True, True, 32]
