"""A Windows machine that Intune manages, as Microsoft documents its policies, and how much of it cannot be checked.

    python -m tests.windows.intune [LEVEL]

prints that share. The names and forms are those of the pages below windows/client-management/mdm in
MicrosoftDocs/windows-itpro-docs (plugins/module_utils/_windows/mdm/MdmTable.psm1 has the page of each); that they lie
in PolicyManager as they are sent, with POLICY_ProviderSet and POLICY_WinningProvider, is in public scripts
(standins/README.md). The machine is a clean Windows 11 that was encrypted: nobody wrote into its policy keys.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from leeboard.model.finding import Finding, needed
from leeboard.model.observation import Observation
from leeboard.model.verdicts import Verdict
from tests.controls.windows_proof import WindowsProof
from tests.windows import volumes
from tests.windows.machine import WindowsMachine

ID = "A1A1A1A1-0000-4000-8000-00000000000A"
OTHER = "B2B2B2B2-0000-4000-8000-00000000000B"
PROVIDER = "MS DM Server"
SERVER = "enrollment.example"
WORDS = f"the MDM service {PROVIDER} ({SERVER})"
POLICY_MANAGER = r"SOFTWARE\Microsoft\PolicyManager"
LEVELS = ("standard", "sensitive", "high")


def elements(**data: object) -> str:
    """An enabled policy that is backed by a template, with its elements."""
    return "<enabled/>" + "".join(f'<data id="{name}" value="{value}"/>' for name, value in data.items())


ON, OFF = "<enabled/>", "<disabled/>"
# What a school sets in Intune that wants level high.
POLICIES: dict[str, dict[str, str | int]] = {
    "BitLocker": {
        "EncryptionMethodByDriveType": elements(
            EncryptionMethodWithXtsOsDropDown_Name=7, EncryptionMethodWithXtsFdvDropDown_Name=7,
            EncryptionMethodWithXtsRdvDropDown_Name=4,
        ),
        "SystemDrivesEncryptionType": elements(OSEncryptionTypeDropDown_Name=1),
        "SystemDrivesRequireStartupAuthentication": elements(
            ConfigureNonTPMStartupKeyUsage_Name="false", ConfigureTPMStartupKeyUsageDropDown_Name=0,
            ConfigurePINUsageDropDown_Name=1, ConfigureTPMPINKeyUsageDropDown_Name=0, ConfigureTPMUsageDropDown_Name=0,
        ),
        "SystemDrivesMinimumPINLength": elements(MinPINLength=8),
        "SystemDrivesEnhancedPIN": ON,
        "SystemDrivesRecoveryOptions": elements(
            OSAllowDRA_Name="false", OSRecoveryPasswordUsageDropDown_Name=1, OSRecoveryKeyUsageDropDown_Name=0,
            OSHideRecoveryPage_Name="true", OSActiveDirectoryBackup_Name="true", OSActiveDirectoryBackupDropDown_Name=1,
            OSRequireActiveDirectoryBackup_Name="true",
        ),
        "FixedDrivesRecoveryOptions": elements(
            FDVAllowDRA_Name="false",
            FDVRecoveryPasswordUsageDropDown_Name=1,
            FDVActiveDirectoryBackup_Name="true",
            FDVRequireActiveDirectoryBackup_Name="false",
        ),
        "FixedDrivesRequireEncryption": ON,
        "FixedDrivesEncryptionType": elements(FDVEncryptionTypeDropDown_Name=1),
        "RemovableDrivesRequireEncryption": elements(RDVCrossOrg="true"),
        "IdentificationField": elements(IdentificationField="Example School", SecIdentificationField="Example School"),
        "ConfigureRecoveryPasswordRotation": 2,
    },
    "DataProtection": {"AllowDirectMemoryAccess": 0},
    "DmaGuard": {"DeviceEnumerationPolicy": 0},
    "RemoteDesktopServices": {
        "AllowUsersToConnectRemotely": OFF, "ClientConnectionEncryptionLevel": elements(TS_ENCRYPTION_LEVEL=3),
        "DoNotAllowDriveRedirection": ON, "DoNotAllowPasswordSaving": ON, "PromptForPasswordUponConnection": ON,
        "RequireSecureRPCCommunication": ON,
    },
    "ADMX_TerminalServer": {
        "TS_USER_AUTHENTICATION_POLICY": ON, "TS_SECURITY_LAYER_POLICY": elements(TS_SECURITY_LAYER=2),
        "TS_SESSIONS_Idle_Limit_2": elements(TS_SESSIONS_IdleLimitText=300000),
        "TS_SESSIONS_Disconnected_Timeout_2": elements(TS_SESSIONS_EndDisconnected=60000),
        "TS_CLIENT_CLIPBOARD": ON, "TS_CLIENT_COM": ON, "TS_CLIENT_LPT": ON, "TS_CLIENT_PNP": ON,
    },
    "RemoteAssistance": {"SolicitedRemoteAssistance": OFF, "UnsolicitedRemoteAssistance": OFF},
    "RemoteManagement": {
        "AllowBasicAuthentication_Service": OFF, "AllowUnencryptedTraffic_Service": OFF,
        "DisallowStoringOfRunAsCredentials": ON, "AllowBasicAuthentication_Client": OFF,
        "AllowUnencryptedTraffic_Client": OFF, "DisallowDigestAuthentication": ON,
    },
    "LocalPoliciesSecurityOptions": {
        "InteractiveLogon_MachineInactivityLimit": 300, "InteractiveLogon_DoNotDisplayLastSignedIn": 1,
        "InteractiveLogon_MessageTitleForUsersAttemptingToLogOn": "Example School",
        "InteractiveLogon_MessageTextForUsersAttemptingToLogOn": "For people of the school only.",
        "InteractiveLogon_SmartCardRemovalBehavior": "1",
    },
    "DeviceLock": {"PreventEnablingLockScreenCamera": ON},
    "ADMX_CredentialProviders": {"AllowDomainDelayLock": OFF},
    "WindowsLogon": {"DisableLockScreenAppNotifications": ON},
    "ADMX_AuditSettings": {"IncludeCmdLine": ON},
    "WindowsPowerShell": {"TurnOnPowerShellScriptBlockLogging": ON},
    "ADMX_PowerShellExecutionPolicy": {"EnableTranscripting": ON},
}  # fmt: skip


def enrol(machine: WindowsMachine, number: str = ID, provider: str = PROVIDER, server: str = SERVER) -> None:
    """Let a service manage the machine: an enrolment that holds, with its account."""
    key = f"SOFTWARE\\Microsoft\\Enrollments\\{{{number}}}"
    with machine.hives() as hives:
        hive = hives["system"]
        hive.set(key, "ProviderID", provider)
        hive.set(key, "EnrollmentState", 1)
        hive.set(key, "DiscoveryServiceFullURL", f"https://{server}/EnrollmentServer/Discovery.svc")
        hive.key(f"SOFTWARE\\Microsoft\\Provisioning\\OMADM\\Accounts\\{{{number}}}")


def set_policies(
    machine: WindowsMachine, policies: Mapping[str, Mapping[str, str | int]] = POLICIES, number: str = ID
) -> None:
    """What an enrolment has set, as PolicyManager keeps it."""
    with machine.hives() as hives:
        hive = hives["system"]
        for area, values in policies.items():
            current = f"{POLICY_MANAGER}\\current\\device\\{area}"
            for policy, value in values.items():
                hive.set(current, policy, value)
                hive.set(current, f"{policy}_ProviderSet", 1)
                hive.set(current, f"{policy}_WinningProvider", number)
                hive.set(f"{POLICY_MANAGER}\\providers\\{number}\\default\\Device\\{area}", policy, value)


class IntuneWindows(WindowsProof):
    """A machine that Intune manages, and what its controls come to."""

    def __init__(self, machine: WindowsMachine, policies: Mapping[str, Mapping[str, str | int]] = POLICIES) -> None:
        super().__init__(machine)
        volumes.encrypt(machine)
        enrol(machine)
        set_policies(machine, policies)

    def share(self, observation: Observation, level: str) -> tuple[list[str], int]:
        """The controls that could not be checked at a level, and how many were asked."""
        findings = self.findings(observation, level).values()
        asked = [each for each in findings if each.verdict is not Verdict.NOT_APPLICABLE]
        return sorted(each.control for each in asked if unknown(each)), len(asked)


def unknown(finding: Finding) -> bool:
    """Whether a finding, or a part that it needs and an MDM service may have set, is not checked."""
    parts = [part for part in needed(finding.judged) if part.verdict is Verdict.NOT_CHECKED and part.code == "managed"]
    return finding.verdict is Verdict.NOT_CHECKED or bool(parts)


def main() -> None:
    """Print the share of controls that cannot be checked, at each level or at the one that is named."""
    machine = WindowsMachine("INTUNE")
    try:
        proof = IntuneWindows(machine)
        observation = proof.visit()
        for level in sys.argv[1:] or LEVELS:
            left, asked = proof.share(observation, level)
            print(f"{level}: {len(left)} of {asked} controls not checked ({100 * len(left) / asked:.1f} %)", *left)
    finally:
        machine.close()


if __name__ == "__main__":
    main()
