"""Services of PAM that let somebody in who shows nothing, and accounts whose empty password they take.

Each stack is walked as libpam does (`system/pam.py`), once for every account that has a shell, with what its modules
answer to a person who has no password, no token and no rights yet. Linux-PAM 1.7: pam_permit(8), pam_succeed_if(8),
pam_wheel(8), pam_listfile(8), pam_localuser(8), pam_usertype(8), pam_unix(8), pam_exec(8).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Optional

from ..engine.host import Host
from ..engine.safe_read import number, text_or_nothing
from ..system import pam
from ..system.people import NO_LOGIN, accounts, groups, password_fields

# The sign-in screens' own services, which start a greeter or do what a setting of the sign-in screen says (`greeters`,
# and GDM's), and those of programs that authenticate nobody.
LEFT_OUT = re.compile(
    r"\A(?:gdm-autologin|gdm-launch-environment|lightdm-autologin|sddm-autologin|lxdm-autologin|[\w-]*-greeter|greetd-"
    r"greeter|systemd-user|cron|crond|atd|anacron|runuser(?:-l)?|polkit-agent-helper)\Z"
)
# Copies that packages, pam-auth-update and editors leave; no program asks for a service of such a name.
COPIES = re.compile(r"~\Z|\.(?:dpkg-\w+|ucf-\w+|rpm\w+|pam-old|pam-new|bak|orig|save|old|swp)\Z|\A[.#]|\AREADME\Z")
# Modules that answer "do not count me" to whoever comes.
IGNORING = (
    "pam_nologin.so", "pam_env.so", "pam_faildelay.so", "pam_group.so", "pam_cap.so", "pam_gnome_keyring.so",
    "pam_kwallet.so", "pam_kwallet5.so", "pam_warn.so", "pam_echo.so", "pam_debug.so", "pam_keyinit.so",
)  # fmt: skip
# Those that say yes to anybody, or to whoever comes the right way: none of them asks for a secret.
AGREEING = (
    "pam_permit.so", "pam_faillock.so", "pam_tally2.so", "pam_shells.so", "pam_securetty.so", "pam_access.so",
    "pam_time.so", "pam_rhosts.so", "pam_ftp.so", "pam_selinux.so", "pam_lastlog.so",
)  # fmt: skip
MINDING = (
    "pam_wheel.so", "pam_succeed_if.so", "pam_localuser.so", "pam_usertype.so", "pam_listfile.so",
)  # fmt: skip
SHOWN = 3  # names that one line is said to let in, and services that one line stands for
STRANGER = "anybody"


class Person:
    """Who comes: `name`, `uid`, `groups`, and whether the account is in /etc/passwd. `empty`: the password is."""

    def __init__(self, name: str, uid: int, groups: set[str], local: bool = True, empty: bool = False) -> None:
        self.name = name
        self.uid = uid
        self.groups = groups
        self.local = local
        self.empty = empty


def found(host: Host) -> list[str]:
    """The lines that let somebody in, each with whom and by which services. Raises HostError."""
    lets_in: dict[tuple[str, str], dict[str, list[str]]] = {}
    people = [*_people(host), Person(STRANGER, 1000, set(), local=False)]
    for service in _services(host):
        stack = pam.stack(host, service, "auth")
        # Where no module minds who it is, one of them is enough.
        personal = any(line.module in MINDING for line in stack)
        for person in people if personal else people[-1:]:
            line = _opening(host, service, stack, person)
            if line:
                about = lets_in.setdefault((line.place, line.module), {})
                about.setdefault(service, []).append(person.name)
    return [f"{place}: {module} lets in {_whom(by_service)}" for (place, module), by_service in lets_in.items()]


def empty_passwords(host: Host) -> list[str]:
    """The accounts with an empty password by which a service lets somebody in. Raises HostError."""
    fields = password_fields(host)
    people = [person for person in _people(host) if fields.get(person.name) == ""]
    services = _services(host) if people else []
    for person in people:
        person.empty = True
    return [person.name for person in people if any(_lets_in(host, service, person) for service in services)]


def _lets_in(host: Host, service: str, person: Person) -> bool:
    return pam.run(pam.stack(host, service, "auth"), partial(_answer, host, service, person))[0]


def _whom(by_service: dict[str, list[str]]) -> str:
    names = sorted({name for names in by_service.values() for name in names})
    who = STRANGER if STRANGER in names else _some(names)
    return f"{who} ({_some(sorted(by_service))})"


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _services(host: Host) -> list[str]:
    names = {name for folder in pam.FOLDERS for name in host.entries(folder)}
    asked = [name for name in sorted(names) if not LEFT_OUT.match(name) and not COPIES.search(name)]
    # A link that leads nowhere is no service: libpam asks "other" then.
    return [name for name in asked if text_or_nothing(host, pam.service_file(host, name)) is not None]


def _people(host: Host) -> list[Person]:
    """Everybody who gets a shell, by /etc/passwd."""
    listed = groups(host)
    return [
        Person(
            account.name,
            account.uid,
            {group.name for group in listed if account.name in group.members or group.gid == account.gid},
        )
        for account in accounts(host)
        if account.shell.rsplit("/", 1)[-1] not in NO_LOGIN
    ]


def _opening(host: Host, service: str, stack: list[pam.Line], person: Person) -> Optional[pam.Line]:
    """The line by which a person passes who shows nothing; None for whoever does not.

    Of those without whose yes it would not come to that, it is the one that ends the stack or jumps, or else the last.
    """
    answers = partial(_answer, host, service, person)
    passed, called = pam.run(stack, answers)
    if not passed:
        return None
    agreeing = [line for line in called if answers(line) == "success"]
    needed = [line for line in agreeing if not pam.run(stack, partial(_but, line, answers))[0]]
    return next((line for line in needed if line.actions.get("success") != "ok"), (needed or called)[-1])


def _but(refusing: pam.Line, answers: partial[str], line: pam.Line) -> str:
    """The answers, but that one line says no."""
    return "auth_err" if line is refusing else answers(line)


def _answer(host: Host, service: str, person: Person, line: pam.Line) -> str:
    """What a module answers. One that is not known is taken to ask for something that nobody shows."""
    module, words = line.module, line.arguments
    if module == "pam_unix.so":
        return "success" if person.empty and {"nullok", "nullok_secure"} & set(words) else "auth_err"
    if module in IGNORING:
        return "ignore"
    if module == "pam_faillock.so":
        return "auth_err" if "authfail" in words else "success"
    if module in AGREEING:
        return "success"
    if module == "pam_exec.so":
        return "auth_err" if "expose_authtok" in words else "success"
    if module == "pam_wheel.so":
        return _wheel(host, person, words)
    if module == "pam_succeed_if.so":
        return "success" if _holds(service, person, words) else "auth_err"
    if module == "pam_localuser.so":
        return "success" if person.local else "perm_denied"
    if module == "pam_usertype.so":
        system = person.uid < 1000
        return "success" if ("issystem" in words) == system else "perm_denied"
    if module == "pam_listfile.so":
        return _listed(host, person, words)
    return "auth_err"


def _option(words: list[str], name: str) -> str:
    return next((word[len(name) + 1 :] for word in words if word.startswith(f"{name}=")), "")


def _wheel(host: Host, person: Person, words: list[str]) -> str:
    """pam_wheel: the group is wheel, or that of number 0 where there is none; root's own name is asked by root_only."""
    known = {group.name: group.gid for group in groups(host)}
    group = _option(words, "group") or ("wheel" if "wheel" in known else _first_of_zero(known))
    member = group in person.groups
    if "deny" in words:
        return "perm_denied" if member else "ignore"
    if member:
        return "success" if "trust" in words else "ignore"
    return "ignore" if "trust" in words else "perm_denied"


def _first_of_zero(known: dict[str, Optional[int]]) -> str:
    return next((name for name, gid in known.items() if gid == 0), "root")


def _holds(service: str, person: Person, words: list[str]) -> bool:
    """Whether all conditions of pam_succeed_if hold; of one that is not known, that it does."""
    conditions = [word for word in words if word not in FLAGS]
    held = True
    while len(conditions) >= 3:
        held = held and _condition(service, person, *conditions[:3])
        conditions = conditions[3:]
    return held


FLAGS = ("debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit")


def _condition(service: str, person: Person, subject: str, operator: str, wanted: str) -> bool:
    known = {"user": person.name, "uid": str(person.uid), "service": service}
    if operator in ("ingroup", "notingroup"):
        return (operator == "ingroup") == bool(person.groups & set(wanted.split(":")))
    if operator in ("innetgr", "notinnetgr"):
        return operator == "notinnetgr"  # whom a directory service names is not known here
    if subject not in known:
        return True
    text, first, second = known[subject], number(known[subject]), number(wanted)
    if operator in ("in", "notin"):
        return (operator == "in") == (text in wanted.split(":"))
    if operator in ("=", "!="):
        return (operator == "=") == (text == wanted)
    if operator in ("=~", "!~"):
        pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
        return (operator == "=~") == bool(re.fullmatch(pattern, text))
    if first is None or second is None:
        return True
    return {
        "lt": first < second, "le": first <= second, "eq": first == second, "ge": first >= second,
        "gt": first > second, "ne": first != second,
    }.get(operator, True)  # fmt: skip


def _listed(host: Host, person: Person, words: list[str]) -> str:
    """pam_listfile, by name or group; terminal, host and shell are taken to be those that are let in."""
    item, path, allowing = _option(words, "item"), _option(words, "file"), _option(words, "sense") != "deny"
    text = text_or_nothing(host, path) if path else None
    if text is None:
        return "success" if _option(words, "onerr") == "succeed" else "auth_err"
    lines = {line.strip() for line in text.split("\n") if line.strip()}
    if item not in ("user", "group", "ruser"):
        return "success"
    listed = bool(lines & person.groups) if item == "group" else person.name in lines
    return "success" if listed == allowing else "auth_err"
