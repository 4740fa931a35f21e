"""Stand-in for auditpol.exe: the audit policy, kept in state/auditpol.json.

    {"policy": {"{0CCE9215-...}": 3, ...}, "options": {"CrashOnAuditFail": 0, ...},
     "users": {"S-1-5-21-...": {"{0CCE9215-...}": 1}}, "privileged": true}

A subcategory that is not in `policy` is one this Windows does not have. `privileged` false is a caller without
SeSecurityPrivilege; `backup_encoding` writes /backup's file in another encoding than the ANSI code page.

Syntax: MicrosoftDocs/windowsserverdocs, administration/windows-commands/auditpol-{get,set,list,backup,restore}.md.
GUIDs: MicrosoftDocs/win32, desktop-src/SecAuthZ/auditing-constants.md. File of /backup: [MS-GPAC] 2.2 and 4.
What is only recalled is listed in ../README.md.
"""

import csv
import io
import json

from call import Answer, Call

FILE_NOT_FOUND, INVALID_DATA, INVALID_PARAMETER, PRIVILEGE_NOT_HELD = 2, 13, 87, 1314
REASONS = {
    FILE_NOT_FOUND: "file_missing",
    INVALID_DATA: "invalid_data",
    INVALID_PARAMETER: "87",
    PRIVILEGE_NOT_HELD: "1314",
}
SWITCHES = {
    "/get": {"/user", "/category", "/subcategory", "/option", "/sd", "/r"},
    "/set": {"/user", "/include", "/exclude", "/category", "/subcategory", "/success", "/failure", "/option", "/value"},
    "/list": {"/user", "/category", "/subcategory", "/v", "/r"},
    "/backup": {"/file"},
    "/restore": {"/file"},
    "/clear": {"/y"},
}


class Refused(Exception):
    """Ends with the Windows error that `code` is."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Tool:
    """One call of auditpol."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.text = call.texts("auditpol_texts")
        self.state = call.state("auditpol")
        policy = self.state["policy"]
        self.categories = json.loads((call.home / "data" / "audit_subcategories.json").read_text(encoding="utf-8"))
        for category in self.categories:
            category["subcategories"] = [one for one in category["subcategories"] if one["guid"] in policy]
        self.subcategories = [one for category in self.categories for one in category["subcategories"]]

    def run(self, arguments: list[str]) -> Answer:
        if not arguments:
            raise Refused(INVALID_PARAMETER)
        command, options = arguments[0].lower(), _options(arguments[1:])
        if command not in SWITCHES or not set(options) <= SWITCHES[command]:
            raise Refused(INVALID_PARAMETER)
        if not self.state.get("privileged", True):
            raise Refused(PRIVILEGE_NOT_HELD)
        return getattr(self, command.replace("/", "do_"))(options)

    def do_get(self, options: dict[str, str]) -> Answer:
        if "/option" in options:
            name, value = self._option(options["/option"])
            return self.call.say(f"{name}  {self.text['option_on' if value else 'option_off']}", "")
        chosen = self._chosen(options)
        user = options.get("/user")
        if "/r" in options:
            return self.call.say(*self._rows(chosen, user, with_value=False))
        lines = [self.text["title"], f"{self.text['category_heading']:<40}{self.text['setting_heading']}"]
        for category in self.categories:
            inside = [one for one in category["subcategories"] if one in chosen]
            if inside:
                lines.append(self._name(category))
            lines += [f"  {self._name(one):<38}{self._setting(one, user)}" for one in inside]
        return self.call.say(*lines)

    def do_set(self, options: dict[str, str]) -> Answer:
        if "/option" in options:
            name, _value = self._option(options["/option"])
            wanted = _switch(options.get("/value", ""))
            with self.call.changing("auditpol") as state:
                state["options"][name] = int(wanted)
            return self.call.say(self.text["done"], "")
        given = {"/success": 1, "/failure": 2}
        wishes = {bit: _switch(options[name]) for name, bit in given.items() if name in options} or {1: True}
        chosen = self._chosen(options)
        with self.call.changing("auditpol") as state:
            where = state["policy"] if "/user" not in options else state["users"].setdefault(options["/user"], {})
            for one in chosen:
                value = where.get(one["guid"], 0)
                for bit, on in wishes.items():
                    value = value | bit if on else value & ~bit
                where[one["guid"]] = value
        return self.call.say(self.text["done"], "")

    def do_list(self, options: dict[str, str]) -> Answer:
        if "/user" in options:
            return self.call.say(*self.state["users"], "")
        chosen = self._chosen(options) if options.get("/subcategory", "*") != "*" else self.subcategories
        report = "/r" in options
        lines = [f"{self.text['category_heading']}{',GUID' if report else ''}"]
        for category in self.categories:
            inside = [one for one in category["subcategories"] if one in chosen and "/subcategory" in options]
            rows = [(self._name(category), category["guid"])] if inside or "/category" in options else []
            rows += [("  " + self._name(one), one["guid"]) for one in inside]
            for name, guid in rows:
                if report:
                    lines.append(_line([name, guid]))
                else:
                    lines.append(f"{name:<42}{guid}" if "/v" in options else name)
        return self.call.say(*lines)

    def do_backup(self, options: dict[str, str]) -> Answer:
        rows = self._rows(self.subcategories, None, with_value=True)
        for user in self.state["users"]:
            rows += self._rows([one for one in self.subcategories if one["guid"] in self.state["users"][user]], user)[
                1:
            ]
        for name, value in self.state["options"].items():
            rows.append(_line(["", "", f"Option:{name}", "", self._on(value), "", value]))
        rows += [",,FileGlobalSacl,,,,", ",,RegistryGlobalSacl,,,,"]
        encoding = self.state.get("backup_encoding") or self.call.ansi
        content = "".join(f"{row}\r\n" for row in rows).encode(encoding, "replace")
        try:
            self.call.write(_needed(options, "/file"), content)
        except OSError:
            raise Refused(FILE_NOT_FOUND) from None
        return self.call.say(self.text["done"], "")

    def do_restore(self, options: dict[str, str]) -> Answer:
        try:
            content = self.call.path(_needed(options, "/file")).read_bytes()
        except OSError:
            raise Refused(FILE_NOT_FOUND) from None
        policy, users, own_options = {}, {}, {}
        for row in list(csv.reader(io.StringIO(content.decode(self.call.ansi, "replace"))))[1:]:
            if len(row) != 7:
                raise Refused(INVALID_DATA)
            target, name, guid, value = row[1], row[2], row[3].upper(), row[6]
            if name.startswith("Option:"):
                own_options[name.partition(":")[2]] = int(value)
            elif guid and (guid not in self.state["policy"] or not value.isdigit()):
                raise Refused(INVALID_DATA)
            elif guid and target.startswith("S-1-"):
                users.setdefault(target, {})[guid] = int(value)
            elif guid:
                policy[guid] = int(value) & 3  # 4 means none: [MS-GPAC] 2.2.1.3.1
        with self.call.changing("auditpol") as state:
            state["policy"].update(policy)
            state["options"].update(own_options)
            state["users"] = users
        return self.call.say(self.text["done"], "")

    def do_clear(self, _options: dict[str, str]) -> Answer:
        with self.call.changing("auditpol") as state:
            state["policy"] = dict.fromkeys(state["policy"], 0)
            state["options"] = dict.fromkeys(state["options"], 0)
            state["users"] = {}
        return self.call.say(self.text["done"], "")

    def _chosen(self, options: dict[str, str]) -> list[dict]:
        """The subcategories that /category and /subcategory name, by GUID or by name in this machine's language."""
        if not options.keys() & {"/category", "/subcategory"}:
            raise Refused(INVALID_PARAMETER)
        chosen = []
        for switch, known in (("/category", self.categories), ("/subcategory", self.subcategories)):
            if options.get(switch) == "*":
                return self.subcategories
            for wanted in filter(None, options.get(switch, "").split(",")):
                found = [one for one in known if wanted.lower() in (one["guid"].lower(), self._name(one).lower())]
                if not found:
                    raise Refused(INVALID_PARAMETER)
                chosen += found[0].get("subcategories", found)
        return chosen

    def _option(self, wanted: str) -> tuple[str, int]:
        for name, value in self.state["options"].items():
            if name.lower() == wanted.lower():
                return name, value
        raise Refused(INVALID_PARAMETER)

    def _rows(self, chosen: list[dict], user: str | None, with_value: bool = True) -> list[str]:
        columns = [
            "machine_name",
            "policy_target",
            "subcategory",
            "subcategory_guid",
            "inclusion",
            "exclusion",
            "value",
        ]
        shown = columns if with_value else columns[:-1]
        rows = [_line([self.text[column] for column in shown])]
        for one in chosen:
            values = [self.call.computer, user or "System", self._name(one), one["guid"], self._setting(one, user), ""]
            rows.append(_line([*values, self._value(one, user)][: len(shown)]))
        return rows

    def _value(self, one: dict, user: str | None) -> int:
        where = self.state["users"].get(user, {}) if user else self.state["policy"]
        return where.get(one["guid"], 0)

    def _setting(self, one: dict, user: str | None) -> str:
        return self.text[str(self._value(one, user))]

    def _name(self, one: dict) -> str:
        return one["name"].get(self.call.language, one["name"]["en"])

    def _on(self, value: int) -> str:
        return self.text["option_on" if value else "option_off"]


def main(call: Call) -> Answer:
    tool = Tool(call)
    try:
        return tool.run(call.arguments)
    except Refused as refused:
        reason = tool.text[REASONS[refused.code]]
        return call.complain(tool.text["error"].format(code=refused.code), reason, "", code=refused.code)


def _options(arguments: list[str]) -> dict[str, str]:
    """Switches in small letters, each with what stands after its colon."""
    return {name.lower(): value.strip('"') for name, _colon, value in (one.partition(":") for one in arguments)}


def _needed(options: dict[str, str], switch: str) -> str:
    if not options.get(switch):
        raise Refused(INVALID_PARAMETER)
    return options[switch]


def _switch(word: str) -> bool:
    if word.lower() not in ("enable", "disable"):
        raise Refused(INVALID_PARAMETER)
    return word.lower() == "enable"


def _line(values: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
