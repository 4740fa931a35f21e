"""What pam_motd shows after sign-in, and which scripts feed it. From pam_motd(8) of Linux-PAM 1.7.

Without options it shows the first of /etc/motd, /run/motd, /usr/lib/motd, then the files of the three motd.d folders by
name, where a namesake in /etc hides those in /run and /usr/lib. With motd= or motd_dir= it shows only what is named.
Debian calls it twice: for /run/motd.dynamic, which the scripts of /etc/update-motd.d write, and with `noupdate`.
"""

from __future__ import annotations

from ..engine.host import Host
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import by_name, is_null, text_or_nothing
from ..system import pam

FILE = "/etc/motd"
FILES = "/etc/motd:/run/motd:/usr/lib/motd"
FOLDERS = "/etc/motd.d:/run/motd.d:/usr/lib/motd.d"
SCRIPTS = "/etc/update-motd.d"
SERVICES = (("login", "sign-in on a console"), ("sshd", "sign-in by SSH"))
TELLING = ("uname", "os-release", "lsb_release", "lsb-release", "DISTRIB_", "landscape-sysinfo", "hostnamectl")


def shown_after_sign_in(host: Machine) -> Aspect:
    """An aspect: the text after sign-in on a console, in `others` that by SSH where it differs."""
    by_service = []
    for service, who in SERVICES:
        if pam.service_file(host, service):
            by_service.append((who, *_text(host, service)))
    if not by_service:
        return absent("there is no PAM configuration for login or sshd")
    _who, text, sources = by_service[0]
    aspect = value(_plain(text), ", ".join(sources), "string") if sources else absent("pam_motd shows nothing")
    others = [
        {"who": who, "value": _plain(other)[:4096], "type": "string"}
        for who, other, _from in by_service[1:]
        if other != text
    ]
    if others:
        aspect["others"] = others
    return aspect


def _plain(text: str) -> str:
    return text[:-1] if text.endswith("\n") else text


def _calls(host: Machine, service: str) -> list[list[str]]:
    """The arguments of every call of pam_motd in a service."""
    return [line.arguments for line in pam.stack(host, service, "session") if line.module == "pam_motd.so"]


def _text(host: Machine, service: str) -> tuple[str, list[str]]:
    text, sources = "", []
    for arguments in _calls(host, service):
        options = dict(word.split("=", 1) for word in arguments if "=" in word)
        default = "motd" not in options and "motd_dir" not in options
        for path in (FILES if default else options.get("motd", "")).split(":"):
            content = text_or_nothing(host, path) if path else None
            if content is not None:
                text += content
                sources.append(path)
                break
        for path in _files_of((FOLDERS if default else options.get("motd_dir", "")).split(":"), host):
            content = text_or_nothing(host, path)
            if content:
                text += content
                sources.append(path)
    return text, sources


def _files_of(folders: list[str], host: Machine) -> list[str]:
    """The files of several folders by name; the first folder that has a name wins, a link to /dev/null silences it."""
    return [path for path in by_name(host, filter(None, folders), "") if not is_null(host, path)]


def talkative_scripts(host: Host) -> tuple[list[str], str]:
    """(paths, source): executable scripts of /etc/update-motd.d whose text asks for system details."""
    services = [service for service, _who in SERVICES if pam.service_file(host, service)]
    if services and not any("noupdate" not in call for service in services for call in _calls(host, service)):
        return [], f"PAM runs no script of {SCRIPTS}"
    paths = []
    for name in host.entries(SCRIPTS):
        path = f"{SCRIPTS}/{name}"
        if host.executable(path) and any(word in host.text(path) or word in name for word in TELLING):
            paths.append(path)
    return paths, SCRIPTS
