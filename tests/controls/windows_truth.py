"""What a Windows machine of the tests really is, control by control, by other means than the drivers.

Registry values come from Wine's own reg.exe, the rest from the state files of the stand-ins. The numbers are typed from
the catalogue for the machine of the proof (level high; a teaching display at level standard), never taken from the
policy. A truth is a list of what is wrong; empty means that the control holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.windows.machine import WindowsMachine

from .windows_ask import number, text
from .windows_truth_logs import TRUTHS as LOGS

SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
DESKTOP = r"HKCU\SOFTWARE\Policies\Microsoft\Windows\Control Panel\Desktop"
WINLOGON = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
POWER = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings\0e796bdb-100d-47d6-a2d5-f7d2daa51f51"
HELLO = r"HKLM\SOFTWARE\Policies\Microsoft\PassportForWork\PINComplexity"
# Pairs of letters in SDDL: generic and registry rights, the standard ones, and the single bits.
LETTERS = {"GA": 0x10000000, "GX": 0x20000000, "GW": 0x40000000, "GR": 0x80000000}
LETTERS |= {"KA": 0xF003F, "KW": 0x20006, "KR": 0x20019, "KX": 0x20019}
LETTERS |= {"SD": 0x10000, "RC": 0x20000, "WD": 0x40000, "WO": 0x80000}
LETTERS |= {"CC": 0x1, "DC": 0x2, "LC": 0x4, "SW": 0x8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100}
# Setting a value, making a key below, deleting, changing rights, taking ownership; everything; generic writing.
WRITING = 0x2 | 0x4 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
TRUSTED = ("SY", "BA", "CO", "S-1-5-18", "S-1-5-32-544", "S-1-3-0")
# Subcategory and what must be among its bits (1 success, 2 failure), by control, at level high.
RECORDED = {
    "AUD-02": {"923F": 3, "9217": 2},
    "AUD-03": {"9215": 3, "9216": 1, "921B": 1, "921C": 3, "9249": 1},
    "AUD-04": {"9235": 3, "9237": 1, "9239": 3},
    "AUD-05": {"922F": 1, "9230": 1, "9231": 1, "9232": 3, "9234": 2},
    "AUD-06": {"922B": 1, "9248": 1},
    "AUD-07": {"9245": 3, "9224": 3, "9227": 3, "9244": 2},
    "AUD-09": {"921D": 1},  # the proof's machine shares a folder
    "AUD-08": {"9228": 3, "9210": 1, "9211": 1, "9212": 3, "9214": 3, "9213": 3},
}


def idle_lock(machine: WindowsMachine, role: str) -> Iterator[str]:
    """LCK-01: the limit that Windows itself keeps or a screen saver that everybody gets, and the grace it gives."""
    most = 1800 if role == "teaching_display" else 300
    limit = number(machine, SYSTEM, "InactivityTimeoutSecs")
    if (limit is None or not 0 < limit <= most) and not saver_for_everybody(machine, most):
        yield f"the inactivity limit is {limit}"
    grace = machine.reg_query(WINLOGON, "ScreenSaverGracePeriod")
    if grace is not None and (number(machine, WINLOGON, "ScreenSaverGracePeriod") or 0) > 5:
        yield f"the grace period is {grace}"


def saver_for_everybody(machine: WindowsMachine, most: int) -> bool:
    """Whether the local group policy gives all people a screen saver with a password in time."""
    policy = machine.path(r"C:\windows\System32\GroupPolicy\User\Registry.pol")
    content = policy.read_bytes() if policy.is_file() else b""
    names = ("ScreenSaveActive", "ScreenSaverIsSecure", "ScreenSaveTimeOut", "SCRNSAVE.EXE")
    values = [text(machine, DESKTOP, name) for name in names]
    return (
        all(name.encode("utf-16-le") in content for name in names)
        and all(values)
        and values[:2] == ["1", "1"]
        and 0 < int(values[2]) <= most
    )


def display(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-03: a teaching display below level high locks after half an hour."""
    limit = number(machine, SYSTEM, "InactivityTimeoutSecs")
    if limit is None or not 0 < limit <= 1800:
        yield f"the inactivity limit is {limit}"


def policy_writers(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-02: who may write to the policy key, from its security descriptor in SDDL (Microsoft, ACE Strings)."""
    sddl = machine.run(f"(Get-Acl -LiteralPath 'Registry::{SYSTEM.replace('HKLM', 'HKEY_LOCAL_MACHINE', 1)}').Sddl")
    owner = re.match(r"O:(S-[0-9-]+|[A-Z]{2})", sddl)
    if owner is None or not trusted(owner[1]):
        yield f"{owner and owner[1]} owns it, and may change who has what right"
    for flags, rights, who in re.findall(r"\(A;([A-Z]*);([^;]*);[^;]*;[^;]*;([^)]+)\)", sddl):
        if "IO" not in flags and not trusted(who) and mask(rights) & WRITING:
            yield f"{who} has {rights}"


def trusted(who: str) -> bool:
    """Whether an account in SDDL is the system's or an administrator's."""
    return who in TRUSTED or who.startswith("S-1-5-80-")


def mask(rights: str) -> int:
    """The access mask of a right in SDDL, a number or pairs of letters."""
    pairs = [rights[at : at + 2] for at in range(0, len(rights), 2)]
    return int(rights, 0) if rights[0].isdigit() else sum({LETTERS[pair] for pair in pairs})


def wake(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-04: the policy where there is one, else the plan."""
    state = machine.state("powercfg")
    subgroup = state["plans"][state["active"]]["subgroups"]["fea3413e-7e05-4911-9a71-700331f1c294"]
    plan = subgroup["settings"]["0e796bdb-100d-47d6-a2d5-f7d2daa51f51"]
    for name, source in (("ACSettingIndex", "ac"), ("DCSettingIndex", "dc")):
        policy = number(machine, POWER, name)
        value = plan[source] if policy is None else policy
        if value != 1:
            yield f"{source} is {value}"


def guessing(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-05: the numbers of the local lock-out."""
    now = {name: int(value) for name, value in machine.state("secedit")["System Access"].items() if "ockout" in name}
    if not 0 < now["LockoutBadCount"] <= 5:
        yield f"{now['LockoutBadCount']} tries"
    elif now["LockoutDuration"] < 15:  # -1: until an administrator comes
        yield f"locked for {now['LockoutDuration']} minutes"
    if now.get("AllowAdministratorLockout", 1) != 1:
        yield "the administrator is excepted"


def pin(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-06: eight digits at level high."""
    length = number(machine, HELLO, "MinimumPINLength")
    if length is None or length < 8:
        yield f"a PIN has {length} digits"


def lock_screen(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-07: messages, camera and last user."""
    wanted = [
        (r"HKLM\SOFTWARE\Policies\Microsoft\Windows\System", "DisableLockScreenAppNotifications"),
        (r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Personalization", "NoLockScreenCamera"),
        (SYSTEM, "DontDisplayLastUserName"),
    ]
    yield from (f"{name} is not 1" for key, name in wanted if number(machine, key, name) != 1)


def card(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LCK-08: pulling the card does something, and the service that sees it starts."""
    if text(machine, WINLOGON, "ScRemoveOption") not in ("1", "2", "3"):
        yield "pulling the card does nothing"
    if number(machine, r"HKLM\SYSTEM\CurrentControlSet\Services\SCPolicySvc", "Start") != 2:
        yield "the service does not start"


def notice(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LBL-01: title and text say something."""
    yield from (
        f"{name} is empty" for name in ("LegalNoticeCaption", "LegalNoticeText") if not text(machine, SYSTEM, name)
    )


def label(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """LBL-02: the label of level high."""
    label = text(machine, r"HKLM\SOFTWARE\Leeboard", "Label")
    if label != "LOCAL HIGH":
        yield f"the label is {label!r}"


def categories(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """AUD-01: only an explicit other value than 1 lets the old categories win."""
    value = machine.reg_query(r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa", "SCENoApplyLegacyAuditPolicy")
    if (
        value is not None
        and number(machine, r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa", "SCENoApplyLegacyAuditPolicy") != 1
    ):
        yield f"the switch is {value}"


def recorded(control: str) -> Callable[[WindowsMachine, str], Iterator[str]]:
    """AUD-02 to AUD-09: the masks in the stand-in's own file."""

    def truth(machine: WindowsMachine, _role: str) -> Iterator[str]:
        masks = audit_masks(machine)
        for short, bits in RECORDED[control].items():
            if masks[short] & bits != bits:
                yield f"{short} is {masks[short]}"
        if control == "AUD-06" and number(machine, SYSTEM + r"\Audit", "ProcessCreationIncludeCmdLine_Enabled") != 1:
            yield "the command line is left out"

    return truth


def audit_masks(machine: WindowsMachine) -> dict[str, int]:
    """Mask by the four digits that tell a subcategory's GUID from the others."""
    return {guid[5:9]: mask for guid, mask in machine.state("auditpol")["policy"].items()}


TRUTHS: dict[str, Callable[[WindowsMachine, str], Iterator[str]]] = {
    "LCK-01": idle_lock,
    "LCK-02": policy_writers,
    "LCK-03": display,
    "LCK-04": wake,
    "LCK-05": guessing,
    "LCK-06": pin,
    "LCK-07": lock_screen,
    "LCK-08": card,
    "LBL-01": notice,
    "LBL-02": label,
    "AUD-01": categories,
    **{control: recorded(control) for control in RECORDED},
    **LOGS,
}
