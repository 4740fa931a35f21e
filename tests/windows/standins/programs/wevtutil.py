"""Stand-in for wevtutil.exe: what somebody does to event logs by hand, in state/eventlog.json.

Syntax, the least size and its steps: MicrosoftDocs/windowsserverdocs, administration/windows-commands/wevtutil.md. That
clearing the Security log leaves event 1102 there: windows-itpro-docs, event-1102.md; its elements are from there as
well. What a program of Windows says where a log is unknown is recalled: ../README.md.
"""

import time
from datetime import UTC, datetime

from call import Answer, Call

LEAST, STEP = 1024 * 1024, 64 * 1024
CLEARED = (
    '<UserData><LogFileCleared xmlns="http://manifests.microsoft.com/win/2004/08/windows/eventlog">'
    "<SubjectUserSid>S-1-5-21-3457937927-2839227994-823803824-1104</SubjectUserSid>"
    "<SubjectUserName>technician</SubjectUserName><SubjectDomainName>PC1</SubjectDomainName>"
    "<SubjectLogonId>0x55cd1d</SubjectLogonId></LogFileCleared></UserData>"
)


def main(call: Call) -> Answer:
    command, *rest = call.arguments or ["/?"]
    name = rest[0] if rest else ""
    with call.changing("eventlog") as state:
        known = {log.lower(): log for log in state["channels"]}
        if name.lower() not in known:
            said = "The specified channel could not be found."
            return call.complain(f"Failed to read configuration for log {name}. {said}", code=15007)
        log = known[name.lower()]
        if command.lower() in ("sl", "set-log"):
            return _set(call, state["channels"][log], rest[1:])
        if command.lower() in ("cl", "clear-log"):
            kept = [one for one in state["events"] if one["log"] != log]
            at = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
            mark = {"log": log, "provider": "Microsoft-Windows-Eventlog", "id": 1102, "at": at, "data": CLEARED}
            state["events"] = [*kept, *([mark] if log == "Security" else [])]
            return call.say()
    return call.complain("Invalid command", code=87)


def _set(call: Call, channel: dict, options: list[str]) -> Answer:
    given = dict(option.lstrip("/").split(":", 1) for option in options)
    if "ms" in given:
        size = max(LEAST, int(given["ms"]))
        channel["maxSize"] = -(-size // STEP) * STEP
    if "rt" in given or "ab" in given:
        backup = "AutoBackup" if given.get("ab", "").lower() == "true" else "Retain"
        channel["mode"] = backup if given.get("rt", "false").lower() == "true" else "Circular"
    if "ca" in given:
        channel["sddl"] = given["ca"]
    return call.say()
