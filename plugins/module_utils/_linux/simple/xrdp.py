"""How xrdp lets people in and what it lets them carry out: /etc/xrdp/xrdp.ini.

Addresses:
    security_layer      str, tls, rdp or negotiate, as xrdp.ini(5) has it; without the key it is negotiate
    rdpdr, cliprdr      bool, whether drives and the clipboard pass between the two machines

xrdp reads the file for each connection, so what is written there counts from the next one. What is changed is
`security_layer`, to tls, and only where xrdp has a certificate and a key that it can read: with TLS alone and without
them it lets nobody in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import not_installed, read_each
from ..system.people import accounts, groups, names

NAME = "xrdp"
ADDRESSES = re.compile(r"\A(?:security_layer|rdpdr|cliprdr)\Z")
ALL = ["security_layer", "rdpdr", "cliprdr"]
PROGRAM = "/usr/sbin/xrdp"
FILE = "/etc/xrdp/xrdp.ini"
# Where xrdp.ini(5) says nothing.
TLS_FILES = {"certificate": "/etc/xrdp/cert.pem", "key_file": "/etc/xrdp/key.pem"}
ACCOUNT = "xrdp"  # of Debian's unit
ON = ("1", "true", "on", "yes")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """xrdp.ini as it will be. Raises ChangeRefused where it would let nobody in any more."""
    from ..engine.overlay_host import OverlayHost  # a check does without
    from ..system.inifile import with_key

    overlay = OverlayHost(host)
    for change in changes:
        address, wanted = change["address"], change["value"]
        if address != "security_layer" or wanted != "tls":
            raise ChangeRefused(f"{address}: xrdp's encryption is set to tls, and nothing else is changed")
        if not host.exists(PROGRAM) or not host.exists(FILE):
            raise ChangeRefused(f"{PROGRAM} or {FILE} is missing")
        assignments = _assignments(host.text(FILE))
        if assignments.get(("globals", "security_layer"), ("", 0))[0] == "tls":
            continue
        for key, usual in TLS_FILES.items():
            path = assignments.get(("globals", key), ("", 0))[0] or usual
            problem = _unreadable(host, path)
            if problem:
                raise ChangeRefused(f"with TLS alone xrdp would let nobody in: {problem}")
        overlay.put(FILE, _with_tls(overlay.original_text(FILE), with_key))
    return overlay.result()


def _with_tls(text: str, with_key: Callable[[str, str, str, str], str]) -> str:
    """`text` with security_layer=tls; other spellings of section and key are made the usual ones."""
    lines, section = [], ""
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith("["):
            section = bare.strip("[]").strip().lower()
            line = "[Globals]" if section == "globals" else line
        elif section == "globals" and bare.partition("=")[0].strip().lower() == "security_layer":
            line = "security_layer=tls"
        lines.append(line)
    return with_key("\n".join(lines), "Globals", "security_layer", "tls")


def _unreadable(host: Host, path: str) -> str:
    """Why xrdp's account cannot read a file, or an empty text; where there is no such account, it is root's own."""
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return f"{path} is missing"
    account = next((one for one in accounts(host) if one.name == ACCOUNT), None)
    if account is None or status.st_mode & 0o004 or status.st_uid == account.uid:
        return ""
    mine = {account.gid, *(group.gid for group in groups(host) if ACCOUNT in group.members)}
    if status.st_mode & 0o040 and status.st_gid in mine:
        return ""
    group = names(host, "/etc/group").get(status.st_gid, str(status.st_gid))
    return f"its account may not read {path}; adduser {ACCOUNT} {group}, then systemctl restart xrdp"


def _read(host: Host, address: str) -> Reading:
    if not host.exists(PROGRAM):
        return reading(NAME, address, not_installed("xrdp"))
    try:
        text = host.text(FILE)
    except FileNotFoundError:
        raise HostError("malformed", f"{FILE} is missing, so xrdp does not start") from None
    assignments = _assignments(text)
    if address == "security_layer":
        layer, line = assignments.get(("globals", "security_layer"), ("negotiate", 0))
        return reading(NAME, address, value(layer.lower(), _place(line), "string"))
    allowed, line = assignments.get(("globals", "allow_channels"), ("true", 0))
    if allowed.lower() in ON:
        # A channel that is not in the list is blocked.
        allowed, line = assignments.get(("channels", address), ("false", 0))
    return reading(NAME, address, value(allowed.lower() in ON, _place(line), "bool"))


def _place(line: int) -> str:
    return f"{FILE}, line {line}" if line else f"{FILE} does not say it"


def _assignments(text: str) -> dict[tuple[str, str], tuple[str, int]]:
    """{(section, key): (text, line)} in lower case; the last of a key counts."""
    assignments: dict[tuple[str, str], tuple[str, int]] = {}
    section = ""
    for count, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare.startswith("["):
            section = bare.strip("[]").strip().lower()
            continue
        key, equals, setting = bare.partition("=")
        if equals:
            assignments[section, key.strip().lower()] = (setting.strip(), count)
    return assignments
