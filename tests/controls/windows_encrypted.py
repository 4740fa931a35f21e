"""A Windows machine that somebody encrypted by hand, as the findings of ENC say: what Leeboard itself never does.

It is visited and judged like the machine of the roll-outs (windows_proof.py), for ENC alone, and nothing is rolled out.
"""

from __future__ import annotations

from typing import Any

from leeboard.model.observation import Observation
from tests.windows import volumes
from tests.windows.machine import WindowsMachine

from .windows_proof import WindowsProof
from .windows_truth_encryption import TRUTHS

FVE = r"HKLM\SOFTWARE\Policies\Microsoft\FVE"
MOUNTING = r"HKLM\SYSTEM\CurrentControlSet\Policies\Microsoft\FVE"
POWER = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\abfc2519-3608-4c2a-94ea-171b0ed546ab"
ROTATION = r"HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker"
DATA_PASSWORD = {"id": "{33333333-0000-4000-8000-0000000000D3}", "type": 3}
DATA_KEY = {"id": "{22222222-0000-4000-8000-0000000000D2}", "type": 2}
BY_HAND = "encrypted"
# As CIS, Microsoft and NCSC want it at level high; the device is a member of a domain, and no MDM manages it.
VALUES: dict[str, dict[str, int | str]] = {
    FVE: {
        "EncryptionMethodWithXtsOs": 7, "EncryptionMethodWithXtsFdv": 7, "EncryptionMethodWithXtsRdv": 4,
        "OSEncryptionType": 1, "UseAdvancedStartup": 1, "UseTPM": 0, "UseTPMPIN": 1, "UseTPMKey": 0, "UseTPMKeyPIN": 0,
        "EnableBDEWithNoTPM": 0, "MinimumPIN": 8, "UseEnhancedPin": 1, "OSRecovery": 1, "OSRecoveryPassword": 1,
        "OSRecoveryKey": 0, "OSManageDRA": 0, "OSHideRecoveryPage": 1, "OSActiveDirectoryBackup": 1,
        "OSActiveDirectoryInfoToStore": 1, "OSRequireActiveDirectoryBackup": 1, "FDVRecovery": 1, "FDVPassphrase": 0,
        "FDVEncryptionType": 1, "RDVDenyCrossOrg": 1, "IdentificationField": 1,
        "IdentificationFieldString": "Example School", "OSHardwareEncryption": 0, "FDVHardwareEncryption": 0,
        "DisableExternalDMAUnderLock": 1,
    },
    MOUNTING: {"FDVDenyWriteAccess": 1, "RDVDenyWriteAccess": 1},
    POWER: {"ACSettingIndex": 0, "DCSettingIndex": 0},
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Kernel DMA Protection": {"DeviceEnumerationPolicy": 0},
    r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State": {"UEFISecureBootEnabled": 1},
    ROTATION: {"ConfigureRecoveryPasswordRotation": 1},
}  # fmt: skip


def encrypt_by_hand(machine: WindowsMachine) -> None:
    """Policy, a system volume with TPM and PIN, a data volume, and recovery passwords that Active Directory took."""
    with machine.hives() as hives:
        for key, values in VALUES.items():
            below = key.removeprefix("HKLM\\").replace("CurrentControlSet", "ControlSet001")
            for name, data in values.items():
                hives["system"].set(below, name, data)
    machine.set_cim("Win32_ComputerSystem", PartOfDomain=True, Domain="school.example", DomainRole=1)
    volumes.encrypt(machine)
    volumes.add(machine, "D:", protectors=[DATA_PASSWORD, DATA_KEY])
    for password, at in ((volumes.PASSWORD, "2026-09-01T10:05:00Z"), (DATA_PASSWORD, "2026-09-01T10:00:00Z")):
        backed_up(machine, str(password["id"]), at)


def backed_up(machine: WindowsMachine, protector: str, at: str, number: int = 784) -> None:
    """BitLocker writes down that it gave a recovery password away (or, by another number, what came of it)."""
    with machine.changing("eventlog") as state:
        state["events"].append(
            {
                "log": "Microsoft-Windows-BitLocker/BitLocker Management",
                "provider": "Microsoft-Windows-BitLocker-API",
                "id": number,
                "at": at,
                "data": f'<EventData><Data Name="ProtectorGUID">{protector}</Data></EventData>',
            }
        )


class EncryptedWindows(WindowsProof):
    """The machine, and what the controls of ENC say of it. Nothing is mended there."""

    snapshot = BY_HAND

    def __init__(self, machine: WindowsMachine) -> None:
        super().__init__(machine)
        self.addresses = {driver: addresses for driver, addresses in self.addresses.items() if driver in DRIVERS}

    def findings(self, observation: Observation, level: str = "", role: str = "") -> dict[str, Any]:
        """Those of ENC."""
        findings = super().findings(observation, level, role)
        return {control: finding for control, finding in findings.items() if control.startswith("ENC-")}

    def truth(self, control: str, role: str = "") -> list[str]:
        """What is truly wrong with a control."""
        return list(TRUTHS[control](self.machine, role))

    def restart(self) -> None:
        """Switch the machine off and on; BitLocker counts it."""
        volumes.restart(self.machine)


DRIVERS = ("bitlocker_policy", "bitlocker_volume", "power_policy", "registry")
