"""The guessing limit at sign-in as it is read: does PAM really call pam_faillock, and with which numbers.

Addresses: `pam` (bool), `deny` (int, tries), `unlock_time`, `fail_interval`, `root_unlock_time` (int, seconds; an
unlock time of 0 means never), `even_deny_root` (bool). The numbers are those in effect: arguments on the PAM line beat
/etc/security/faillock.conf, and where PAM does not call the module they are absent.

The rules are those of Linux-PAM 1.7: modules/pam_faillock/{pam_faillock,faillock_config}.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Optional

from ..engine.host import HostError
from ..engine.reading import Aspect, Machine, Reading, absent, reading, value
from ..engine.safe_read import number, text_or_nothing
from ..system import pam

NAME = "faillock"
ADDRESSES = re.compile(r"\A(?:pam|deny|unlock_time|fail_interval|even_deny_root|root_unlock_time)\Z")
CONF = "/etc/security/faillock.conf"
SERVICES = ("login", "sshd", "gdm-password", "lightdm", "sddm")  # the ways in that ask for a password
DEFAULTS = {"deny": 3, "unlock_time": 600, "fail_interval": 900, "root_unlock_time": None, "even_deny_root": False}
Statement = tuple[int, str, str]  # line number, key, text
Known = dict[str, tuple[Optional[int], str]]  # key: (value, source)
LONGEST = 604800  # seconds; pam_faillock ignores a larger time
LONGEST_LINE = 1023  # bytes; pam_faillock skips a longer line of its file
NOT_CALLED = "PAM does not call pam_faillock, so faillock.conf has no effect"

# Modules that judge the user's password or token themselves: they fail when a stranger guesses.
JUDGES = ("pam_unix.so", "pam_sss.so", "pam_krb5.so", "pam_winbind.so", "pam_ldap.so", "pam_systemd_home.so")
TOKENS = ("pam_fprintd.so", "pam_u2f.so", "pam_pkcs11.so", "pam_p11.so", "pam_rootok.so", "pam_deny.so")


def services(host: Machine) -> list[str]:
    """The ways in that ask for a password here."""
    return [service for service in SERVICES if pam.service_file(host, service)]


def read(host: Machine, address: str) -> Reading:
    """The reading of an address. Raises HostError."""
    ways_in = services(host)
    if not ways_in:
        return reading(NAME, address, absent("there is no PAM configuration for login"))
    judged = [(service, *judge(host, service)) for service in ways_in]
    if address == "pam":
        bad = [(service, why) for service, why, _line in judged if why]
        if bad:
            return reading(NAME, address, value(False, "; ".join(f"{who}: {why}" for who, why in bad)[:500], "bool"))
        return reading(NAME, address, value(True, "/etc/pam.d/" + ", ".join(ways_in), "bool"))
    configured = _configured(host, address)
    working = [(service, line) for service, _why, line in judged if line]
    if not working:
        first = judged[0][1]
        source = NOT_CALLED if first == "no line calls pam_faillock" else f"{NOT_CALLED} ({first})"
        return reading(NAME, address, absent(source[:500]), configured)
    answers = [(service, in_effect(host, address, line)) for service, line in working]
    effective = dict(answers[0][1])
    others = [
        {"who": f"sign-in by {service}", "value": aspect["value"], "type": aspect["type"]}
        for service, aspect in answers[1:]
        if aspect["state"] == "value" and aspect.get("value") != effective.get("value")
    ]
    if others:
        effective["others"] = others
    return reading(NAME, address, effective, configured)


def judge(host: Machine, service: str, by: str = "") -> tuple[str, pam.Line | None]:
    """(why, line): an empty reason and the line whose numbers count when the service calls pam_faillock rightly.

    Three sign-ins are played through: a wrong password, the right one, and the right one on a locked account. It is
    pam_unix that knows the password, or the module `by`.
    """
    auth = pam.stack(host, service, "auth")
    ours = [line for line in auth if line.module == "pam_faillock.so"]
    if not ours:
        return "no line calls pam_faillock", None
    wrong, called_wrong = pam.run(auth, lambda line: answer(line, False, False, by))
    right, called_right = pam.run(auth, lambda line: answer(line, True, False, by))
    locked, _called = pam.run(auth, lambda line: answer(line, True, True, by))
    asking = _first(called_wrong, lambda line: line.module == by if by else line.module in JUDGES)
    before = _first(called_wrong, lambda line: role(line) == "preauth")
    after = _first(called_wrong, lambda line: role(line) == "authfail")
    success = _first(called_right, lambda line: role(line) == "authsucc")
    if asking is None:
        return f"a password is never asked for ({ours[0].place} comes first)", None
    if wrong:
        return "a wrong password would be let in", None
    if after is None or called_wrong.index(after) < called_wrong.index(asking):
        return _not_called(ours, "authfail", "after", asking), None
    if not right:
        return "the right password would be refused", None
    if any(role(line) == "authfail" for line in called_right):
        return f"{after.place} counts a right password as a failure", None
    decides = before or success
    if decides is None or (success is None and called_wrong.index(decides) > called_wrong.index(asking)):
        return _not_called(ours, "preauth", "before", asking), None
    if locked:
        return f"the answer of {decides.place} is ignored, so a locked account gets in", None
    if success is None:
        account = pam.stack(host, service, "account")
        _passed, called = pam.run(account, lambda line: "auth_err" if line.module == "pam_deny.so" else "success")
        if not any(line.module == "pam_faillock.so" for line in called):
            return "no account line calls pam_faillock, so failures are never forgotten", None
    return "", decides


def _not_called(ours: list[pam.Line], action: str, where: str, asking: pam.Line) -> str:
    written = [line for line in ours if role(line) == action]
    if not written:
        return f"no line calls pam_faillock {action}"
    return f"{written[0].place} ({action}) is not reached {where} the password is judged at {asking.place}"


def answer(line: pam.Line, password: bool, locked: bool, by: str = "") -> str:
    """What a module would return to an ordinary user by password, which pam_unix or the module `by` knows."""
    if line.module == "pam_faillock.so":
        if role(line) == "authfail":
            return "auth_err" if locked else "ignore"
        return "auth_err" if locked else "success"
    if line.module == (by or "pam_unix.so"):
        return "success" if password else "auth_err"
    if line.module in JUDGES or line.module in TOKENS:
        return "auth_err"
    if line.module == "pam_faildelay.so":
        return "ignore"
    return "success"


def role(line: pam.Line) -> str:
    """What a pam_faillock line is for. The last of the words counts; without one it is preauth, the module's zero."""
    if line.module != "pam_faillock.so":
        return ""
    roles = [word for word in line.arguments if word in ("preauth", "authfail", "authsucc")]
    return roles[-1] if roles else "preauth"


def _first(lines: list[pam.Line], wanted: Callable[[pam.Line], bool]) -> pam.Line | None:
    return next((line for line in lines if wanted(line)), None)


def _configured(host: Machine, address: str) -> Aspect:
    """What faillock.conf itself says about a key."""
    settings = options(statements(text_or_nothing(host, CONF) or ""), {}, CONF)
    if address not in settings:
        return absent(CONF)
    setting, source = settings[address]
    return value(setting, source, "bool" if address == "even_deny_root" else "int")


def in_effect(host: Machine, address: str, line: pam.Line) -> Aspect:
    """The value that counts on `line`: its arguments, else the file that it names, else the module's default."""
    named = next((word[5:] for word in line.arguments if word.startswith("conf=")), CONF)
    text = text_or_nothing(host, named)
    if text is None and named != CONF:
        raise HostError("malformed", f"{line.place} names {named[:100]}, which is missing: every sign-in fails")
    settings = {key: (default, "the module's default") for key, default in DEFAULTS.items()}
    settings = options(statements(text or ""), settings, named)
    words = [(0, *split(word)) for word in line.arguments if not word.startswith("conf=")]
    settings = options(words, settings, line.place)
    setting, source = settings[address]
    if address == "even_deny_root":
        return value(setting, source, "bool")
    if address == "root_unlock_time" and setting is None:
        if not settings["even_deny_root"][0]:
            return absent("root is never locked out: neither even_deny_root nor root_unlock_time is set")
        setting, source = settings["unlock_time"]
    return value(setting, source, "int")


def options(said: list[Statement], known: Known, place: str) -> Known:
    """`known` (key: (value, source)) with what is `said` (line number, key, text) applied as the module does."""
    settings = dict(known)
    for number_of_line, key, text in said:
        source = f"{place}, line {number_of_line}" if number_of_line else place
        if key == "even_deny_root":
            settings[key] = (True, source)
        elif key in DEFAULTS:
            if text == "never" and key in ("unlock_time", "root_unlock_time"):
                settings[key] = (0, source)
                continue
            digits = re.match(r"\+?([0-9]{1,10})", text)
            count = number(digits.group(1)) if digits else None
            # A bad number is logged and the value before it stays.
            if count is not None and (key == "deny" or count <= LONGEST):
                settings[key] = (count & 0xFFFF if key == "deny" else count, source)
    return settings


def statements(text: str) -> list[Statement]:
    """What a faillock.conf says, line by line, as the module reads it."""
    found = []
    for count, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            continue
        line = line.split("#", 1)[0].strip()
        if line:
            found.append((count, *split(line)))
    return found


def split(line: str) -> tuple[str, str]:
    """A key and its text, parted by blanks, an equals sign or both."""
    key = re.split(r"[\s=]", line, maxsplit=1)[0]
    rest = line[len(key) :].lstrip()
    return key, (rest[1:] if rest.startswith("=") else rest).strip()
