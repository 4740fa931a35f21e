"""The log file of sudo: its option logfile, as sudo's own cvtsudoers understands the sudoers files.

The address is `sudo:logfile` (str, a path; empty where sudo logs none of what it allows; absent where none is set).
What a Defaults line for one user, host, command or target says otherwise is named in `others`.

A mistake in these files takes sudo away from whoever would repair it. So the whole of them, as it will be, is given to
visudo before our file is written, and no other file is touched.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import first_of, not_installed
from .sudoers import MAIN, Sudoers, sudoers

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

PROGRAMS = ("/usr/bin/sudo",)
FOLDER = "/etc/sudoers.d"
OURS = f"{FOLDER}/zz-leeboard"  # read after names that begin with a digit; a dot in the name would hide it from sudo
CONF = "/etc/sudo.conf"
PATH = re.compile(r"\A/[A-Za-z0-9._/-]{1,200}\Z")
NOWHERE = ("/dev/null", "/dev/zero", "/dev/full")
NAMED = re.compile(r"\blogfile\b")


def effective(host: Host, address: str) -> Aspect:
    """The aspect of sudo:logfile. Raises HostError."""
    return _effective(host, host)


def log_files(host: Host) -> list[str]:
    """The files that sudo logs to, for whomever. Raises HostError."""
    aspect = _effective(host, host)
    return [path for path in (aspect.get("value"), *(one["value"] for one in aspect.get("others", []))) if path]


def _effective(host: Host, files: Machine, ours: str = "") -> Aspect:
    """The aspect that `files` (the host's, or an overlay's) lead to, by asking the programs of `host`."""
    if not first_of(host, PROGRAMS):
        return not_installed("sudo")
    if not host.is_root:
        raise HostError("needs_root", f"{MAIN} may be read by root only")
    _only_file(host)
    read = sudoers(files, ours)
    skipped = f" (sudo does not read {', '.join(sorted(read.skipped))})" if read.skipped else ""
    # As sudo 1.9 does it (update_defaults): one line after the other, so that a general one undoes what was set for a
    # user or host before it; and those for a command after all others, whatever their place.
    general: dict[str, Any] = {}
    bound: list[tuple[str, str, Any, bool]] = []
    for options, who, last in _defaults(host, read.text):
        for name, setting in options:
            ignored = name == "logfile" and setting is not False and not _path(setting)
            if ignored or name not in ("logfile", "log_allowed"):
                continue
            if who:
                bound.append((who, name, setting, last))
            else:
                general[name] = setting
                bound = [entry for entry in bound if entry[1] != name or entry[3]]
    if general.get("log_allowed") is False:
        aspect = value("", f"!log_allowed in {MAIN}: sudo logs nothing of what it allows", "string")
    elif general.get("logfile"):
        aspect = value(_keeps(host, general["logfile"]), _place(read, general["logfile"]) + skipped, "string")
        if not aspect["value"]:
            aspect["source"] += f": what is written to {general['logfile']} is kept nowhere"
    else:
        aspect = absent(f"{MAIN} and its includes{skipped}")
    others = [
        {"who": who, "value": "" if setting is False else _keeps(host, setting), "type": "string"}
        for who, name, setting, _last in bound
        if setting is False or (name == "logfile" and setting != general.get("logfile"))
    ]
    if others:
        aspect["others"] = others[:100]
    return aspect


def _only_file(host: Host) -> None:
    """Raise HostError when sudo.conf sends sudo to another file."""
    if host.exists(CONF):
        for count, line in enumerate(host.text(CONF).split("\n"), 1):
            if "sudoers_file=" in line.partition("#")[0]:
                raise HostError("failed", f"{CONF}, line {count} makes sudo read another file than {MAIN}")


def _keeps(host: Host, path: str) -> str:
    """The path itself, and an empty text for a device that keeps nothing, also by a link: sudo follows it."""
    return "" if host.real(path) in NOWHERE else path


def _path(setting: Any) -> bool:
    """True for what sudo takes: it ignores a file name without a whole path."""
    return isinstance(setting, str) and setting.startswith("/")


def _defaults(host: Host, text: str) -> list[tuple[list[tuple[str, Any]], str, bool]]:
    """([(option, value)], who, last) of each Defaults line, in their order; `who` is empty for a general one, `last` is
    true for one about commands. Raises HostError."""
    done = host.query(["cvtsudoers", "-f", "json", "-s", "aliases,privileges", "-"], input=text)
    if done.rc != 0:
        errors = " / ".join(line.strip() for line in done.err.split("\n") if line.strip())[:300]
        raise HostError("malformed", f"sudo's files do not parse, and sudo skips what it does not understand: {errors}")
    try:
        lines = json.loads(done.out or "{}").get("Defaults", [])
        return [
            (
                [pair for option in line["Options"] for pair in option.items()],
                " and ".join(f"{kind} {name}" for one in line.get("Binding", []) for kind, name in one.items())[:200],
                any(kind.startswith(("command", "cmnd")) for one in line.get("Binding", []) for kind in one),
            )
            for line in lines
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HostError("malformed", "cvtsudoers gave an answer that is cut off or no JSON") from None


def _place(read: Sudoers, path: str) -> str:
    return next((place for text, place in reversed(read.lines) if NAMED.search(text) and path in text), MAIN)


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Our file in sudoers.d, proved with visudo and cvtsudoers first. Raises ChangeRefused, HostError."""
    if not isinstance(wanted, str) or not PATH.match(wanted):
        raise ChangeRefused(f"{address}: the wanted value must be the whole path of a file, in plain letters")
    if not first_of(host, PROGRAMS):
        raise ChangeRefused("sudo is not installed, so there is nothing to change")
    before = _effective(host, host)
    if before.get("value") == wanted and not _silent(before):
        return []
    if FOLDER not in sudoers(host).folders:
        raise ChangeRefused(f"sudo does not read {FOLDER} here, so the log file must be set by hand with visudo")
    overlay.put(OURS, f'# Written by Leeboard (AUD-10)\nDefaults logfile="{wanted}"\n', mode=0o440, owner=(0, 0))
    whole = sudoers(overlay, OURS).text
    done = host.query(["visudo", "-c", "-q", "-f", "-"], input=whole)
    if done.rc != 0:
        output = " / ".join(line.strip() for line in (done.err + done.out).split("\n") if line.strip())[:300]
        raise ChangeRefused(f"visudo does not accept sudo's files as they would be ({output}); nothing was written")
    after = _effective(host, overlay, OURS)
    if after.get("value") != wanted or _silent(after):
        where = f"Defaults for {_silent(after)}" if _silent(after) else after["source"]
        raise ChangeRefused(f"{where} would still decide the log file of sudo; take it out there with visudo")
    return []  # sudo reads its files each time


def _silent(aspect: Aspect) -> str:
    """For whom sudo keeps no log file although there is one; empty where there is nobody."""
    return next((other["who"] for other in aspect.get("others", []) if not other["value"]), "")
