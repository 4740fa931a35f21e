"""What a Windows machine of the tests really keeps, shows and sends of its logs, and its clock: AUD-10 to AUD-13, FWD.

By reg.exe and the state of the stand-ins, as in windows_truth.py; the numbers are those of level high.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.windows.machine import WindowsMachine

from .windows_ask import number, text, texts

COLLECTOR = "https://wec.school.example:5986/wsman/subscriptionmanager/wec"
POWERSHELL = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog"
ROOM = {"Application": 32768, "Security": 1048576, "Setup": 32768, "System": 32768}  # KB
# Who has the Security log in hand anyway: SYSTEM, administrators, readers of event logs, NETWORK SERVICE.
AT_HOME = ("SY", "BA", "ER", "NS", "S-1-5-18", "S-1-5-32-544", "S-1-5-32-573", "S-1-5-20")


def powershell(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """AUD-10: script blocks and transcripts."""
    wanted = [("ScriptBlockLogging", "EnableScriptBlockLogging"), ("Transcription", "EnableTranscripting")]
    yield from (f"{name} is not 1" for key, name in wanted if number(machine, rf"{POWERSHELL}\{key}", name) != 1)


def log(machine: WindowsMachine, name: str) -> dict[str, Any]:
    """How the service keeps a log now: group policy first."""
    state = machine.state("eventlog")
    return {**state["channels"][name], **state["taken"].get(name, {})}


def room(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """AUD-11: as the service has it now, and as it will have it when it starts again."""
    for name, least in ROOM.items():
        now = log(machine, name)["maxSize"] // 1024
        policy = number(machine, rf"{POLICY}\{name}", "MaxSize")
        later = machine.state("eventlog")["channels"][name]["maxSize"] // 1024 if policy is None else policy
        if min(now, later) < least:
            yield f"{name} has {now} KB, and from the next start on {later}"


def full(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """AUD-12: the oldest events give way, and somebody is warned before."""
    for name in ROOM:
        if log(machine, name)["mode"] != "Circular" or text(machine, rf"{POLICY}\{name}", "Retention") == "1":
            yield f"{name} does not overwrite"
    warning = number(machine, r"HKLM\SYSTEM\CurrentControlSet\Services\Eventlog\Security", "WarningLevel")
    if warning is None or not 0 < warning <= 90:
        yield f"the warning comes at {warning}"


def protected(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """AUD-13: nobody else is in the access list or may manage auditing, and nobody cleared the log."""
    rights = machine.state("secedit")["Privilege Rights"]
    for right, home in (("SeSecurityPrivilege", {"*S-1-5-32-544"}), ("SeAuditPrivilege", {"*S-1-5-19", "*S-1-5-20"})):
        if set(rights[right]) - home:
            yield f"{right} is {rights[right]}"
    for rights, who in re.findall(r"\(A;;([^;]*);;;([^)]+)\)", log(machine, "Security")["sddl"]):
        if who not in AT_HOME:
            yield f"{who} has {rights}"
    for event in machine.state("eventlog")["events"]:
        if (event["log"], event["id"]) == ("Security", 1102):
            yield f"cleared at {event['at']}"


def sent(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """FWD-01: to the school's collector alone."""
    text = " ".join(texts(machine, rf"{POLICY}\EventForwarding\SubscriptionManager").values()).lower()
    entries = re.findall(r"server=([^\s,]+)", text)
    if entries != [COLLECTOR]:
        yield f"events go to {entries}"
    if number(machine, r"HKLM\SYSTEM\CurrentControlSet\Services\WinRM", "Start") != 2:
        yield "WinRM does not start"
    newest = [
        event for event in machine.state("eventlog")["events"] if event["provider"] == "Microsoft-Windows-Forwarding"
    ][-1]
    if newest["id"] != 104:
        yield f"the forwarder says {newest['id']}"


def sent_safely(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """FWD-02: by https and with the authority of client certificates, at level high."""
    for entry in texts(machine, rf"{POLICY}\EventForwarding\SubscriptionManager").values():
        if "server=https://" not in entry.lower() or not re.search(r"issuerca=[0-9a-f]{40}\b", entry.lower()):
            yield entry


def clock(machine: WindowsMachine, _role: str) -> Iterator[str]:
    """FWD-05: a machine of no domain whose clock is set by Windows, from Windows' own server."""
    services = r"HKLM\SYSTEM\CurrentControlSet\Services"
    if number(machine, rf"{services}\W32Time", "Start") not in (2, 3):
        yield "the Windows Time service is off"
    if number(machine, rf"{services}\NTP", "Start") in (2, 3):
        yield "another service sets the clock as well"
    if clock_setting(machine, "Parameters", "Type") not in ("NTP", "AllSync"):
        yield "it asks nobody"
    servers = clock_setting(machine, "Parameters", "NtpServer").lower().split()
    if not servers or {server.split(",")[0] for server in servers} != {"time.windows.com"}:
        yield f"it asks {servers}"
    if clock_setting(machine, r"TimeProviders\NtpClient", "Enabled") != "1":
        yield "it may not ask"


def clock_setting(machine: WindowsMachine, key: str, name: str) -> str:
    """A value of the Windows Time service: the policy's, else the service's own."""
    for place in (r"HKLM\SOFTWARE\Policies\Microsoft\W32Time", r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time"):
        ask = number if name == "Enabled" else text
        value = ask(machine, rf"{place}\{key}", name)
        if value not in (None, ""):
            return str(value)
    return ""


TRUTHS: dict[str, Callable[[WindowsMachine, str], Iterator[str]]] = {
    "AUD-10": powershell,
    "AUD-11": room,
    "AUD-12": full,
    "AUD-13": protected,
    "FWD-01": sent,
    "FWD-02": sent_safely,
    "FWD-05": clock,
}
