"""What a Windows machine of the tests really is, for the family REM, by other means than the drivers.

As in windows_truth.py: registry values from Wine's own reg.exe, the rest from the state files of the stand-ins, numbers
typed from the catalogue for level high.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.windows.machine import WindowsMachine

from .windows_truth import number

DESKTOP = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
WINRM = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM"
HELP = r"HKLM\SYSTEM\CurrentControlSet\Control\Remote Assistance"


def set_to(machine: WindowsMachine, key: str, name: str) -> bool:
    """Whether there is any such value."""
    return machine.reg_query(key, name) is not None


def listeners(machine: WindowsMachine) -> list[str]:
    """The keys of the listeners that are on: those with a port."""
    said = machine.call("reg", "query", SERVER + r"\WinStations").stdout.decode("cp1252", "replace")
    keys = re.findall(r"(?m)^HKEY_LOCAL_MACHINE(\\.*\\WinStations\\[^\\\r\n]+)", said)
    return ["HKLM" + key for key in keys if set_to(machine, "HKLM" + key, "PortNumber")]


def by_listener(machine: WindowsMachine, name: str) -> set[int | None]:
    """What counts for whoever comes in: the policy for all listeners, else what each of them has."""
    if set_to(machine, DESKTOP, name):
        return {number(machine, DESKTOP, name)}
    return {number(machine, key, name) for key in listeners(machine)}


def desktop(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-06: nobody gets in, and whoever did would meet the strongest there is."""
    place = DESKTOP if set_to(machine, DESKTOP, "fDenyTSConnections") else SERVER
    if number(machine, place, "fDenyTSConnections") not in (1, None):
        yield "people get in"
    proof = by_listener(machine, "UserAuthentication")
    if proof - {1}:
        yield f"proof before the desktop is {proof}"
    layer = by_listener(machine, "SecurityLayer")
    if layer != {2}:
        yield f"the security layer is {layer}"
    if by_listener(machine, "MinEncryptionLevel") - {3, 4, None}:
        yield "the encryption is weak"
    if by_listener(machine, "fPromptForPassword") != {1}:
        yield "saved passwords are taken"
    if number(machine, DESKTOP, "fEncryptRPCTraffic") != 1:
        yield "open RPC is answered"


def time_limits(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-07: five minutes and one; a listener's own limit counts only where it is not the account's."""
    tcp = SERVER + r"\WinStations\RDP-Tcp"
    for name, most in {"MaxIdleTime": 300000, "MaxDisconnectionTime": 60000}.items():
        limit = number(machine, DESKTOP, name)
        if not set_to(machine, DESKTOP, name) and number(machine, tcp, f"fInherit{name}") == 0:
            limit = number(machine, tcp, name)
        if limit is None or not 0 < limit <= most:
            yield f"{name} is {limit}"


def copying(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-08: nothing is carried out."""
    for name in ("fDisableCdm", "fDisableClip", "fDisableCcm", "fDisableLPT"):
        if by_listener(machine, name) != {1}:
            yield f"{name} is not 1"
    if number(machine, DESKTOP, "fDisablePNPRedir") != 1:
        yield "devices pass"
    if number(machine, DESKTOP + r"\Client", "DisableCloudClipboardIntegration") != 1:
        yield "the cloud's clipboard takes it"


def help_and_passwords(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-09: no saved passwords, and nobody is helped."""
    if number(machine, DESKTOP, "DisablePasswordSaving") != 1:
        yield "passwords are saved"
    place = DESKTOP if set_to(machine, DESKTOP, "fAllowToGetHelp") else HELP
    if number(machine, place, "fAllowToGetHelp") != 0:
        yield "help can be asked for"
    if number(machine, DESKTOP, "fAllowUnsolicited") not in (0, None):
        yield "help can be offered"


def management(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """REM-10: policies, else what the service is set to while it runs; a client's own defaults are on."""
    state = machine.state("winrm")
    own = {
        ("Client", "AllowBasic"): state["config"]["Client"]["Auth"]["Basic"],
        ("Client", "AllowDigest"): state["config"]["Client"]["Auth"]["Digest"],
        ("Client", "AllowUnencryptedTraffic"): state["config"]["Client"]["AllowUnencrypted"],
        ("Service", "AllowBasic"): state["config"]["Service"]["Auth"]["Basic"] and state["running"],
        ("Service", "AllowUnencryptedTraffic"): state["config"]["Service"]["AllowUnencrypted"] and state["running"],
    }
    for (side, name), fallback in own.items():
        key = rf"{WINRM}\{side}"
        if (number(machine, key, name) if set_to(machine, key, name) else int(fallback)) != 0:
            yield f"{side} {name} is on"
    if number(machine, WINRM + r"\Service", "DisableRunAs") != 1:
        yield "credentials are stored"
    if state["running"] and any(one["Transport"] == "HTTP" for one in state["listeners"]):
        yield "it listens over HTTP"


TRUTHS: dict[str, Callable[[WindowsMachine, str], Iterator[str]]] = {
    "REM-06": desktop,
    "REM-07": time_limits,
    "REM-08": copying,
    "REM-09": help_and_passwords,
    "REM-10": management,
}
