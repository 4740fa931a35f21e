"""Stand-in for secedit.exe: account policy and user rights of the local machine, kept in state/secedit.json.

    {"System Access": {"LockoutBadCount": 10, ...}, "Privilege Rights": {"SeSecurityPrivilege": ["*S-1-5-32-544"], ...},
     "privileged": true, "refuses": []}

`privileged` false is a caller who is no administrator; `refuses` names values that Windows would not take (a domain
controller, a damaged database).

Syntax: MicrosoftDocs/windowsserverdocs, administration/windows-commands/secedit-{export,configure}.md. The file's form
and the meaning of -1: [MS-GPSB] 2.2.1.2. That ResetLockoutCount may not exceed LockoutDuration:
MicrosoftDocs/windows-itpro-docs, security-policy-settings/reset-account-lockout-counter-after.md. That an export has
neither of the two while LockoutBadCount is 0: seen in third-party exports. What is only recalled: ../README.md.
"""

import json

from call import Answer, Call

AREAS = {"securitypolicy", "group_mgmt", "user_rights", "regkeys", "filestore", "services"}
DEFAULT_LOG = r"%windir%\security\logs\scesrv.log"
LOCKOUT = ("ResetLockoutCount", "LockoutDuration", "AllowAdministratorLockout")  # mean nothing while there is no limit
RANGES = {  # MicrosoftDocs/windows-itpro-docs, security-policy-settings/account-lockout-*.md and reset-account-...md
    "LockoutBadCount": (0, 999),
    "LockoutDuration": (-1, 99999),
    "ResetLockoutCount": (1, 99999),
    "AllowAdministratorLockout": (0, 1),
}


def main(call: Call) -> Answer:
    text = call.texts("secedit_texts")
    try:
        switches = _switches(call.arguments)
    except ValueError:
        return call.say(text["syntax"], "  secedit [/configure | /export]", code=1)
    if not call.state("secedit").get("privileged", True):
        return call.say(text["no_rights"], code=1)
    log = switches.get("/log", "")
    try:
        _export(call, switches) if "/export" in switches else _configure(call, switches)
    except (OSError, ValueError) as problem:
        _log(call, log, f"Error: {problem}")
        return call.say(text["failed"], text["log"].format(log=log or DEFAULT_LOG), code=1)
    _log(call, log, "----Configuration engine completed successfully----")
    return call.say("", text["done"], text["log"].format(log=log or DEFAULT_LOG))


def _switches(arguments: list[str]) -> dict[str, str]:
    """Switches in small letters with their value; ValueError where Windows would explain the syntax instead."""
    found: dict[str, str] = {}
    current = ""
    for argument in arguments:
        if argument.startswith("/"):
            current = argument.lower()
            found[current] = ""
        elif current:
            found[current] = (found[current] + " " + argument).strip()
        else:
            raise ValueError(argument)
    known = {"/export", "/configure", "/db", "/cfg", "/areas", "/log", "/quiet", "/overwrite", "/mergedpolicy"}
    if not set(found) <= known or ("/export" in found) == ("/configure" in found):
        raise ValueError("command")
    if not set(found.get("/areas", "").lower().split()) <= AREAS:
        raise ValueError("areas")
    if not found.get("/cfg") or ("/configure" in found and not found.get("/db")):
        raise ValueError("files")
    return found


def _wanted(switches: dict[str, str], area: str) -> bool:
    return "/areas" not in switches or area in switches["/areas"].lower().split()


def _export(call: Call, switches: dict[str, str]) -> None:
    lines = ["[Unicode]", "Unicode=yes"]
    if _wanted(switches, "securitypolicy"):
        access = call.state("secedit")["System Access"]
        hidden = LOCKOUT if not access.get("LockoutBadCount") else ()
        lines += ["[System Access]", *(f"{key} = {_shown(access[key])}" for key in access if key not in hidden)]
        lines += ["[Event Audit]", "AuditSystemEvents = 0", "AuditLogonEvents = 0"]
        lines += ["[Registry Values]", r"MACHINE\System\CurrentControlSet\Control\Lsa\LimitBlankPasswordUse=4,1"]
    if _wanted(switches, "user_rights"):
        rights = call.state("secedit")["Privilege Rights"]
        lines += ["[Privilege Rights]", *(f"{right} = {','.join(rights[right])}" for right in rights if rights[right])]
    lines += ["[Version]", 'signature="$CHICAGO$"', "Revision=1"]
    call.write(switches["/cfg"], "".join(f"{line}\r\n" for line in lines).encode("utf-16"))


def _configure(call: Call, switches: dict[str, str]) -> None:
    template, rights = _read(call.path(switches["/cfg"]).read_bytes())
    database = call.path(switches["/db"])
    if database.exists() and "/overwrite" not in switches:
        template = {**json.loads(database.read_text(encoding="utf-8")), **template}
    database.write_text(json.dumps(template), encoding="utf-8")
    if _wanted(switches, "user_rights"):
        _give(call, rights)
    if not _wanted(switches, "securitypolicy"):
        return
    with call.changing("secedit") as state:
        new = {**state["System Access"], **template}
        for key in template:
            if key in state.get("refuses", []):
                raise ValueError(f"Error 5: Access is denied. Error configuring {key}.")
            low, high = RANGES.get(key, (-1, 2**31 - 1))
            if isinstance(new[key], int) and not low <= new[key] <= high:
                raise ValueError(f"Error 87: The parameter is incorrect. Error configuring {key}.")
        if new.get("LockoutBadCount") and 0 < new["LockoutDuration"] < new["ResetLockoutCount"]:
            raise ValueError("Error 87: The parameter is incorrect. Error configuring account lockout information.")
        state["System Access"] = new


def _give(call: Call, rights: dict[str, list[str]]) -> None:
    """A right that the template names goes to those accounts and to no other."""
    with call.changing("secedit") as state:
        for right, accounts in rights.items():
            if right in state.get("refuses", []):
                raise ValueError(f"Error 5: Access is denied. Error configuring {right}.")
            state["Privilege Rights"][right] = accounts


def _read(content: bytes) -> tuple[dict[str, int | str], dict[str, list[str]]]:
    """The lines of [System Access] and [Privilege Rights]: UTF-16 with its mark, or else ANSI."""
    text = content.decode("utf-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else content.decode("cp1252")
    found: dict[str, int | str] = {}
    rights: dict[str, list[str]] = {}
    section, signed = "", False
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]").lower()
        elif "=" in line and not line.startswith(";"):
            key, _equals, value = (part.strip() for part in line.partition("="))
            signed = signed or (section == "version" and value == '"$CHICAGO$"')
            if section == "system access":
                found[key] = value.strip('"') if value.startswith('"') else int(value)
            if section == "privilege rights":
                rights[key] = [account.strip() for account in value.split(",") if account.strip()]
    if not signed:
        raise ValueError("the template has no version")
    return found, rights


def _shown(value: int | str) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _log(call: Call, given: str, line: str) -> None:
    if given:
        call.path(given).write_text(line + "\r\n", encoding="utf-16")
