"""Automatic sign-in by sign-in screens other than GDM, as their files say.

lightdm 1.32 (common/configuration.c), sddm.conf(5) and SDDM's ConfigReader.cpp, greetd(5), lxdm.conf, nodm(8), slim(1),
ly's config.ini. What several of them share: a file of [sections] and `key = value`, of which the last one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..dropin import lightdm
from ..engine.host import Host
from ..engine.safe_read import text_or_nothing
from ..system.people import accounts

SDDM = ("/usr/lib/sddm/sddm.conf.d", "/etc/sddm.conf.d")  # all that lies there is read, whatever it is called
GREETD = "/etc/greetd/config.toml"
YES = ("1", "yes", "true", "on")
Last = dict[tuple[str, str], tuple[str, str]]  # (section, key): (text, place)


def found(host: Host, programs: list[str]) -> list[str]:
    """Whom each of these programs signs in by itself, and where that is said. Raises HostError."""
    texts: list[str] = []
    for program in programs:
        texts += KNOWN[program](host)
    return texts


def _last(host: Host, paths: Iterable[str], comments: str = "#;") -> Last:
    """The last assignment of each key in files that are read one after another. Raises HostError."""
    last: Last = {}
    for path in paths:
        section = ""
        for count, line in enumerate((text_or_nothing(host, path) or "").removeprefix("\ufeff").split("\n"), 1):
            bare = line.strip()
            if bare[:1] in tuple(comments):
                continue
            if bare.startswith("[") and bare.endswith("]"):
                section = bare[1:-1].strip()
                continue
            key, equals, text = bare.partition("=")
            if equals:
                last[section, key.strip()] = text.strip(), f"{path}, line {count}"
    return last


def _said(program: str, user: str, place: str) -> str:
    return f"{program}: signs {user} in by itself ({place})"


def _lightdm(host: Host) -> list[str]:
    last: Last = {}
    for (section, key), (text, place) in _last(host, lightdm.files(host), "#").items():
        last["Seat:*" if section == "SeatDefaults" else section, key] = text, place
    texts = []
    for (section, key), (text, place) in last.items():
        if section.startswith("Seat:") and key == "autologin-user" and text:
            texts.append(_said("lightdm", text, place))
        if section.startswith("Seat:") and key == "autologin-guest" and text.lower() in YES:
            texts.append(_said("lightdm", "a guest", place))
    return texts


def _sddm(host: Host) -> list[str]:
    paths = [f"{at}/{name}" for at in SDDM for name in host.entries(at)]
    text, place = _last(host, [*paths, "/etc/sddm.conf"]).get(("Autologin", "User"), ("", ""))
    user = text.split("#", 1)[0].strip()
    return [_said("sddm", user, place)] if user else []


def _greetd(host: Host) -> list[str]:
    """greetd's initial session, which nobody is asked for, and a greeter that is the session of a person."""
    lines = (text_or_nothing(host, GREETD) or "").split("\n")
    texts, section = [], ""
    people = {account.name for account in accounts(host) if account.ordinary}
    for count, line in enumerate(lines, 1):
        bare = line.strip()
        if bare.startswith("#"):
            continue
        header = re.match(r"\[\s*\"?([\w-]+)\"?\s*\]", bare)
        section = header[1] if header else section
        place = f"{GREETD}, line {count}"
        user = re.match(r"(?:(\w+)\s*(?:\.|=.*?[{,])\s*)?user\s*=\s*[\"']([^\"']+)", bare)
        where = (user[1] or section) if user else ""
        if user and (where == "initial_session" or (where == "default_session" and user[2] in people)):
            texts.append(_said("greetd", user[2], place))
    return texts


def _lxdm(host: Host) -> list[str]:
    text, place = _last(host, ["/etc/lxdm/lxdm.conf"]).get(("base", "autologin"), ("", ""))
    return [_said("lxdm", text, place)] if text else []


def _nodm(host: Host) -> list[str]:
    """nodm does nothing else than sign somebody in, where it is switched on."""
    last = _last(host, ["/etc/default/nodm", "/etc/nodm.conf"])
    enabled, place = last.get(("", "NODM_ENABLED"), ("", ""))
    user = last.get(("", "NODM_USER"), ("root", ""))[0].strip("\"'")
    return [_said("nodm", user, place)] if enabled.strip("\"'").lower() in YES else []


def _slim(host: Host) -> list[str]:
    words = dict[str, tuple[str, str]]()
    for count, line in enumerate((text_or_nothing(host, "/etc/slim.conf") or "").split("\n"), 1):
        key, _blank, text = line.strip().replace("\t", " ").partition(" ")
        words[key] = text.strip(), f"/etc/slim.conf, line {count}"
    user, place = words.get("default_user", ("", ""))
    return [_said("slim", user, place)] if user and words.get("auto_login", ("", ""))[0].lower() in YES else []


def _ly(host: Host) -> list[str]:
    text, place = _last(host, ["/etc/ly/config.ini"]).get(("", "auto_login_user"), ("", ""))
    return [_said("ly", text, place)] if text and text != "null" else []


KNOWN = {
    "lightdm": _lightdm, "sddm": _sddm, "greetd": _greetd, "lxdm": _lxdm, "nodm": _nodm, "slim": _slim, "ly": _ly,
    "ly-dm": _ly,
}  # fmt: skip
