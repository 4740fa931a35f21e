"""What an encrypted Windows machine of the tests really is, by reg.exe and the state files of the stand-ins.

As in windows_truth.py, numbers are typed from the catalogue for level high, never taken from the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.windows import volumes
from tests.windows.machine import WindowsMachine

from .windows_ask import number, text

FVE = r"HKLM\SOFTWARE\Policies\Microsoft\FVE"
MOUNTING = r"HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE"
STANDBY = "abfc2519-3608-4c2a-94ea-171b0ed546ab"
POWER = rf"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\{STANDBY}"
ENROLMENT = r"HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}"
FIRMWARE = r"HKLM\SYSTEM\CurrentControlSet\Control\FirmwareResources"


def everything(machine: WindowsMachine, kind: int) -> list[dict[str, Any]]:
    """Volumes of a kind: 0 of Windows, 1 fixed data."""
    volumes_now = machine.cim(volumes.CLASS, volumes.NAMESPACE)
    return [
        {**volume["bitlocker"], "letter": volume["DriveLetter"]}
        for volume in volumes_now
        if volume["VolumeType"] == kind
    ]


def types(volume: dict[str, Any]) -> set[int]:
    """Kinds of its protectors."""
    return {protector["type"] for protector in volume["protectors"]}


def numbers(machine: WindowsMachine, key: str, **wanted: int) -> Iterator[str]:
    """Policy values that are none of those that are wanted."""
    for name, value in wanted.items():
        if number(machine, key, name) != value:
            yield f"{name} is {machine.reg_query(key, name)}"


def closed(volume: dict[str, Any]) -> bool:
    """Whether all of a volume is encrypted and no key lies beside it."""
    return volume["conversion"] == 1 and bool(volume["protectors"]) and not volume["clear_key"]


def encrypted(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-01."""
    yield from (f"{volume['letter']} is open" for volume in everything(machine, 0) if not closed(volume))


def strong(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-02: XTS-AES with 256 bits, in policy and on the disks."""
    yield from numbers(machine, FVE, EncryptionMethodWithXtsOs=7, EncryptionMethodWithXtsFdv=7, OSEncryptionType=1)
    for volume in everything(machine, 0) + everything(machine, 1):
        if volume["conversion"] and volume["method"] != 7:
            yield f"{volume['letter']} has method {volume['method']}"


def asks(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-03: TPM and PIN, nothing that opens without the PIN, and a TPM that works."""
    yield from numbers(machine, FVE, UseAdvancedStartup=1, UseTPM=0, UseTPMPIN=1, UseTPMKey=0, UseTPMKeyPIN=0)
    (system,) = everything(machine, 0)
    kinds = types(system) - {3, 7}
    if not kinds or kinds - {4, 6}:
        yield f"it opens by {sorted(kinds)}"
    tpm = machine.cim("Win32_Tpm", r"root\cimv2\Security\MicrosoftTpm")
    if not tpm or not tpm[0]["tpm"]["enabled"] or tpm[0]["tpm"]["needs"] & 0x28:
        yield "the TPM gives nothing away"


def pin(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-04."""
    length = number(machine, FVE, "MinimumPIN")
    if length is None or length < 8:
        yield f"a PIN has {length} characters"
    yield from numbers(machine, FVE, UseEnhancedPin=1)


def tpm(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-05."""
    tpms = machine.cim("Win32_Tpm", r"root\cimv2\Security\MicrosoftTpm")
    if (
        not tpms
        or not tpms[0]["SpecVersion"].startswith("2")
        or not all(tpms[0]["tpm"][name] for name in ("enabled", "activated", "owned"))
    ):
        yield "no TPM 2 that is in use"
    if number(machine, FVE, "UseAdvancedStartup") == 1:
        yield from numbers(machine, FVE, EnableBDEWithNoTPM=0)


def second_way(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-06."""
    yield from numbers(
        machine, FVE, OSRecovery=1, OSRecoveryPassword=1, OSRecoveryKey=0, OSManageDRA=0, OSHideRecoveryPage=1
    )
    for volume in everything(machine, 0) + everything(machine, 1):
        if volume["conversion"] and 3 not in types(volume):
            yield f"{volume['letter']} has no recovery password"


def kept(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-07: who took the passwords that are in the disks now, as BitLocker wrote it down."""
    yield from numbers(machine, FVE, OSRecovery=1)
    yield from numbers(
        machine, FVE, OSActiveDirectoryBackup=1, OSActiveDirectoryInfoToStore=1, OSRequireActiveDirectoryBackup=1
    )
    log = "".join(
        event["data"] for event in machine.state("eventlog")["events"] if event["id"] in (513, 515, 783, 784, 845)
    ).lower()
    for volume in everything(machine, 0) + everything(machine, 1):
        passwords = [each["id"] for each in volume["protectors"] if each["type"] == 3]
        if volume["conversion"] and not any(each.lower() in log for each in passwords):
            yield f"nobody took {passwords} of {volume['letter']}"


def rotated(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-08: on a device that an MDM service manages."""
    if number(machine, ENROLMENT, "EnrollmentState") != 1 or not text(machine, ENROLMENT, "DiscoveryServiceFullURL"):
        return
    place = r"HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker"
    if number(machine, place, "ConfigureRecoveryPasswordRotation") not in (1, 2):
        yield "a used password is not changed"


def finished(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-09: at most one restart, and nothing that the TPM measures waits for the next one."""
    for volume in everything(machine, 0) + everything(machine, 1):
        if volume["conversion"] == 1 and volume["clear_key"] and volume["protectors"] and volume["suspended"] != 1:
            yield f"{volume['letter']} is suspended, {volume['suspended']}"
    (system,) = everything(machine, 0)
    if system["hardware_test"]:
        yield "its hardware test"
    measured = {pcr for protector in system["protectors"] for pcr in protector.get("pcrs", ())}
    waits = number(machine, FIRMWARE + r"\{6DB0F4A5-0000-4000-8000-000000000001}", "Phase") == 1
    if waits and measured & {0, 2} and not system["clear_key"]:
        yield "firmware waits"
    (tpm_,) = machine.cim("Win32_Tpm", r"root\cimv2\Security\MicrosoftTpm") or [{"tpm": {"needs": 0x20}}]
    if tpm_["tpm"]["needs"] & 0x28 and not system["clear_key"]:
        yield "the TPM has to be seen to"


def data(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-10."""
    yield from numbers(machine, MOUNTING, FDVDenyWriteAccess=1)
    yield from numbers(machine, FVE, FDVRecovery=1, FDVPassphrase=0, FDVEncryptionType=1)
    yield from (f"{volume['letter']} is open" for volume in everything(machine, 1) if not closed(volume))


def removable(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-11."""
    yield from numbers(machine, MOUNTING, RDVDenyWriteAccess=1)
    yield from numbers(machine, FVE, RDVDenyCrossOrg=1, IdentificationField=1)
    if number(machine, FVE, "EncryptionMethodWithXtsRdv") not in (4, 7):
        yield "the cipher of removable drives"
    if not text(machine, FVE, "IdentificationFieldString"):
        yield "the identification field is empty"


def by_windows(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-12."""
    for name in ("OSHardwareEncryption", "FDVHardwareEncryption"):
        if machine.reg_query(FVE, name) is not None and number(machine, FVE, name) != 0:
            yield f"{name} is on"
    for volume in everything(machine, 0) + everything(machine, 1):
        if volume["conversion"] and volume["method"] == 5:
            yield f"{volume['letter']} is encrypted by the drive"


def swapped(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-13: each page file lies on a volume that is encrypted."""
    whole = {
        volume["letter"] for kind in (0, 1, 2) for volume in everything(machine, kind) if volume["conversion"] == 1
    }
    for file in machine.cim("Win32_PageFileUsage"):
        if file["Name"][:2].upper() not in whole:
            yield f"{file['Name']} lies in clear"


def asleep(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """ENC-14: no sleep with memory on, and no new device at the memory."""
    state = machine.state("powercfg")
    plan = state["plans"][state["active"]]["subgroups"]["238c9fa8-0aad-41ed-83f4-97be242c8f20"]["settings"][STANDBY]
    for name, supply in (("ACSettingIndex", "ac"), ("DCSettingIndex", "dc")):
        policy = number(machine, POWER, name)
        if (plan[supply] if policy is None else policy) != 0:
            yield f"it sleeps on {supply}"
    yield from numbers(machine, FVE, DisableExternalDMAUnderLock=1)
    yield from numbers(
        machine, r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Kernel DMA Protection", DeviceEnumerationPolicy=0
    )


TRUTHS: dict[str, Callable[[WindowsMachine, str], Iterator[str]]] = {
    "ENC-01": encrypted,
    "ENC-02": strong,
    "ENC-03": asks,
    "ENC-04": pin,
    "ENC-05": tpm,
    "ENC-06": second_way,
    "ENC-07": kept,
    "ENC-08": rotated,
    "ENC-09": finished,
    "ENC-10": data,
    "ENC-11": removable,
    "ENC-12": by_windows,
    "ENC-13": swapped,
    "ENC-14": asleep,
}
