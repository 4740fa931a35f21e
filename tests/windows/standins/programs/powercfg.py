"""Stand-in for powercfg.exe: power plans, kept in state/powercfg.json.

    {"active": GUID, "privileged": true, "plans": {GUID: {"name": {"en": ...}, "alias": ..., "subgroups": {GUID:
        {"alias": ..., "name": {...}, "settings": {GUID: {"alias": ..., "name": {...}, "hidden": true, "ac": 1, "dc": 1,
            "choices": [{"en": "No"}, ...] or "range": [minimum, maximum, step]}}}}}}}

Syntax: MicrosoftDocs/windows-powershell-docs and win32 have no page; the one used is learn.microsoft.com,
windows-hardware/design/device-experiences/powercfg-command-line-options. That /query leaves hidden settings out and
/qh shows them: third-party measurement (see the catalogue's row LCK-04). What is only recalled: ../README.md.
"""

from call import Answer, Call


class Unknown(Exception):
    """A plan, subgroup or setting that is not there."""


def main(call: Call) -> Answer:
    text = call.texts("powercfg_texts")
    command, *rest = [argument.lower() for argument in call.arguments] or ["/?"]
    command = "/" + command.lstrip("-/")
    state = call.state("powercfg")
    try:
        if command in ("/query", "/q", "/qh") and len(rest) <= 3:
            return call.say(*_query(call, state, text, rest, hidden=command == "/qh"))
        if command == "/getactivescheme" and not rest:
            return call.say(_scheme(call, text, state, state["active"]))
        if command in ("/list", "/l") and not rest:
            lines = [_scheme(call, text, state, one) + " *" * (one == state["active"]) for one in state["plans"]]
            return call.say("", text["existing"], "-" * 35, *lines)
        if command in ("/setacvalueindex", "/setdcvalueindex") and len(rest) == 4:
            return _set(call, text, command[4:6], rest)
        if command in ("/setactive", "/s") and len(rest) == 1:
            with call.changing("powercfg") as changed:
                changed["active"] = _plan(changed, rest[0])
            return call.say()
    except Unknown:
        return call.complain(text["missing"], code=1)
    return call.complain(text["invalid"], code=1)


def _query(call: Call, state: dict, text: dict, wanted: list[str], hidden: bool) -> list[str]:
    plan = _plan(state, wanted[0] if wanted else "scheme_current")
    lines = [_scheme(call, text, state, plan), *_alias(text, state["plans"][plan], 1)]
    subgroups = state["plans"][plan]["subgroups"]
    only_group = _find(subgroups, wanted[1]) if len(wanted) > 1 else None
    only = _find(subgroups[only_group]["settings"], wanted[2]) if len(wanted) > 2 else None
    for group_id, group in subgroups.items():
        shown = {
            guid: setting
            for guid, setting in group["settings"].items()
            if only in (None, guid) and (hidden or not setting.get("hidden"))
        }
        if only_group not in (None, group_id) or not shown:
            continue
        lines += [f"  {text['subgroup']}: {group_id}  ({_name(call, group)})", *_alias(text, group, 2)]
        for guid, setting in shown.items():
            lines += _setting(call, text, guid, setting)
    return [*lines, ""]


def _setting(call: Call, text: dict, guid: str, setting: dict) -> list[str]:
    lines = [f"    {text['setting']}: {guid}  ({_name(call, setting)})", *_alias(text, setting, 3)]
    for number, choice in enumerate(setting.get("choices", [])):
        lines.append(f"      {text['index']}: {number:03}")
        lines.append(f"      {text['friendly']}: {choice.get(call.language, choice['en'])}")
    if "range" in setting:
        for label, number in zip(("minimum", "maximum", "increment"), setting["range"], strict=True):
            lines.append(f"      {text[label]}: 0x{number:08x}")
        lines.append(f"      {text['units']}: {text['seconds']}")
    return [*lines, f"    {text['ac']}: 0x{setting['ac']:08x}", f"    {text['dc']}: 0x{setting['dc']:08x}", ""]


def _set(call: Call, text: dict, supply: str, rest: list[str]) -> Answer:
    if not call.state("powercfg").get("privileged", True):
        return call.complain(text["no_rights"], code=1)
    try:
        index = int(rest[3], 0)
    except ValueError:
        return call.complain(text["invalid"], code=1)
    with call.changing("powercfg") as state:
        groups = state["plans"][_plan(state, rest[0])]["subgroups"]
        settings = groups[_find(groups, rest[1])]["settings"]
        settings[_find(settings, rest[2])][supply] = index
    return call.say()


def _plan(state: dict, wanted: str) -> str:
    return state["active"] if wanted == "scheme_current" else _find(state["plans"], wanted)


def _find(known: dict, wanted: str) -> str:
    """The GUID that `wanted` is, or whose alias it is."""
    for guid, one in known.items():
        if wanted in (guid, one.get("alias", guid).lower()):
            return guid
    raise Unknown(wanted)


def _scheme(call: Call, text: dict, state: dict, guid: str) -> str:
    return f"{text['scheme']}: {guid}  ({_name(call, state['plans'][guid])})"


def _alias(text: dict, one: dict, depth: int) -> list[str]:
    return [f"{'  ' * depth}{text['alias']}: {one['alias']}"] if "alias" in one else []


def _name(call: Call, one: dict) -> str:
    return one["name"].get(call.language, one["name"]["en"])
