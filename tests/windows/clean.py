"""What a clean Windows 11 24H2 has in its registry, as far as the baseline looks at it.

Values and defaults: mxk/windows-secure-group-policy, PolicyRules/Win11-Clean-v24H2.PolicyRules (an export of a clean
installation). Which names are written in small letters, the version values, and what Remote Desktop's listener has are
recalled.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .hive import Data, Hive

INSTALLED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # every key below was last written then
VERSION = r"Software\Microsoft\Windows NT\CurrentVersion"
SYSTEM_POLICIES = r"Software\Microsoft\Windows\CurrentVersion\Policies\System"
PROFILES = VERSION + r"\ProfileList"
CONTROL = r"System\ControlSet001\Control"
SERVICES = r"System\ControlSet001\Services"
ENROLMENTS = r"Software\Microsoft\Enrollments"
# Their names and types: public scripts that read them (standins/README.md).
SHIPPED_ENROLMENTS = {
    "Local Authority": 28,
    "Cloud Authority": 31,
    "Deploy Authority": 30,
    "WMI_Bridge_SCCM_Server": 12,
}
OWN_SID = "S-1-5-21-0-0-0-1000"  # whom Wine runs everything as

_MACHINE: dict[str, dict[str, Data]] = {
    VERSION: {
        "CurrentBuild": "26100",
        "CurrentBuildNumber": "26100",
        "DisplayVersion": "24H2",
        "EditionID": "Education",
        "InstallationType": "Client",
        "ProductName": "Windows 10 Education",  # Windows 11 still says so
        "UBR": 2033,
    },
    SYSTEM_POLICIES: {
        "ConsentPromptBehaviorAdmin": 5,
        "ConsentPromptBehaviorUser": 3,
        "EnableInstallerDetection": 1,
        "EnableLUA": 1,
        "EnableSecureUIAPaths": 1,
        "EnableUIADesktopToggle": 0,
        "EnableVirtualization": 1,
        "PromptOnSecureDesktop": 1,
        "ValidateAdminCodeSignatures": 0,
        "dontdisplaylastusername": 0,
        "legalnoticecaption": "",
        "legalnoticetext": "",
        "scforceoption": 0,
        "shutdownwithoutlogon": 1,
        "undockwithoutlogon": 1,
    },
    VERSION + r"\Winlogon": {"ScRemoveOption": "0", "CachedLogonsCount": "10", "PasswordExpiryWarning": 5},
    CONTROL + r"\Lsa": {"LimitBlankPasswordUse": 1, "crashonauditfail": 0},
    CONTROL + r"\ProductOptions": {"ProductType": "WinNT"},
    CONTROL + r"\Remote Assistance": {"fAllowToGetHelp": 1, "fAllowFullControl": 1},
    CONTROL + r"\Terminal Server": {"fDenyTSConnections": 1},
    CONTROL + r"\Terminal Server\WinStations\Console": {"fEnableWinStation": 1},
    CONTROL + r"\Terminal Server\WinStations\RDP-Tcp": {
        "MaxDisconnectionTime": 0,
        "MaxIdleTime": 0,
        "MinEncryptionLevel": 2,
        "PortNumber": 3389,
        "SecurityLayer": 2,
        "UserAuthentication": 1,
        "fEnableWinStation": 1,
        "fInheritMaxDisconnectionTime": 1,
        "fInheritMaxIdleTime": 1,
        "fPromptForPassword": 0,
    },
    SERVICES + r"\SCPolicySvc": {"DisplayName": "Smart Card Removal Policy", "Start": 3, "Type": 32},
    SERVICES + r"\SharedAccess\Parameters\FirewallPolicy\DomainProfile": {"EnableFirewall": 1},
    SERVICES + r"\SharedAccess\Parameters\FirewallPolicy\PublicProfile": {"EnableFirewall": 1},
    SERVICES + r"\SharedAccess\Parameters\FirewallPolicy\StandardProfile": {"EnableFirewall": 1},
    # Sizes and names of the logs' keys are recalled.
    SERVICES + r"\EventLog\Application": {"MaxSize": 20971520, "Retention": 0},
    SERVICES + r"\EventLog\Security": {"MaxSize": 20971520, "Retention": 0},
    SERVICES + r"\EventLog\System": {"MaxSize": 20971520, "Retention": 0},
    SERVICES + r"\SCPolicySvc": {"DisplayName": "Smart Card Removal Policy", "Start": 3, "Type": 32},
    SERVICES + r"\W32Time\Parameters": {"NtpServer": "time.windows.com,0x9", "Type": "NTP"},
    SERVICES + r"\W32Time\TimeProviders\NtpClient": {"Enabled": 1, "InputProvider": 1},
    SERVICES + r"\WinRM": {"DisplayName": "Windows Remote Management (WS-Management)", "Start": 3, "Type": 32},
    SERVICES + r"\W32Time": {"DisplayName": "Windows Time", "Start": 3, "Type": 32},
    SERVICES + r"\RemoteRegistry": {"DisplayName": "Remote Registry", "Start": 4, "Type": 32},
    r"Software\Policies\Microsoft\Windows": {},
    # Every Windows ships these, with ids that a machine may choose for itself; they are no enrolments.
    **{
        ENROLMENTS + f"\\{{{number:08X}-0000-4000-8000-00000000000F}}": {
            "EnrollmentState": 1,
            "EnrollmentType": kind,
            "ProviderID": provider,
        }
        for number, (provider, kind) in enumerate(SHIPPED_ENROLMENTS.items(), 1)
    },
    ENROLMENTS + r"\Context": {},
    ENROLMENTS + r"\Status": {},
    PROFILES + r"\S-1-5-18": {"Flags": 12, "State": 0},
    PROFILES + r"\S-1-5-19": {"Flags": 0, "State": 0},
    PROFILES + r"\S-1-5-20": {"Flags": 0, "State": 0},
    PROFILES + "\\" + OWN_SID: {"Flags": 0, "State": 0},
}
_EXPANDED = {
    (PROFILES, "Default"): r"%SystemDrive%\Users\Default",
    (PROFILES, "ProfilesDirectory"): r"%SystemDrive%\Users",
    (PROFILES, "Public"): r"%SystemDrive%\Users\Public",
    (PROFILES, "ProgramData"): r"%SystemDrive%\ProgramData",
    (PROFILES + r"\S-1-5-18", "ProfileImagePath"): r"%systemroot%\system32\config\systemprofile",
    (PROFILES + r"\S-1-5-19", "ProfileImagePath"): r"%systemroot%\ServiceProfiles\LocalService",
    (PROFILES + r"\S-1-5-20", "ProfileImagePath"): r"%systemroot%\ServiceProfiles\NetworkService",
}
_USER: dict[str, dict[str, Data]] = {r"Control Panel\Desktop": {"ScreenSaveActive": "1"}}
_NO_USER_VALUES = ("ScreenSaveTimeOut", "ScreenSaverIsSecure", "SCRNSAVE.EXE")


def machine(hive: Hive) -> None:
    """Make HKLM what a clean Windows 11 has."""
    for key, values in _MACHINE.items():
        for name, data in values.items():
            hive.set(key, name, data)
    for (key, name), data in _EXPANDED.items():
        hive.set(key, name, data, "expand_string")
    for key in (*_MACHINE, PROFILES):
        hive.key(key, INSTALLED)


def user(hive: Hive) -> None:
    """Make the hive of a user (or of the default profile) what a new user of a clean Windows 11 has."""
    for key, values in _USER.items():
        for name in _NO_USER_VALUES:
            hive.delete(key, name)
        for name, data in values.items():
            hive.set(key, name, data)
        hive.key(key, INSTALLED)
