"""What auditd writes, where, and what it does when there is no room: /etc/audit/auditd.conf.

Addresses `auditd:KEY`: what auditd has once it has read the file, a number of megabytes where the key is a size, its
own default where the file does not set the key. Besides:

    auditd:num_logs*max_log_file        int, megabytes that are kept before the oldest are overwritten, at most those of
                                        the file system; absent where auditd overwrites nothing, 0 where it keeps
                                        nothing, or nothing through a restart
    auditd:space_left-admin_space_left  int, megabytes between the warning and the last resort

auditd reads the file at its start and on SIGHUP. The time of the last SIGHUP is that of a message in the journal.
"""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import first_of, not_installed, number
from ..system.mounts import kept_in_memory
from ..system.people import names
from ..system.systemd_unit import state
from .auditd_conf import DEFAULTS, NUMBERS, WORDS, Configuration, parse, with_value

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

CONF = "/etc/audit/auditd.conf"
PROGRAMS = ("/usr/sbin/auditd", "/sbin/auditd")
UNIT = "auditd.service"
KEPT, MARGIN = "num_logs*max_log_file", "space_left-admin_space_left"
KEYS = tuple(DEFAULTS)
PATTERN = r"auditd:(?:" + "|".join((*KEYS, re.escape(KEPT), re.escape(MARGIN))) + ")"
# A log that moves to another place loses its protection and its readers: that is not done from here.
ONLY_READ = ("log_file", "log_format", "flush", "freq", "verify_email", "action_mail_acct")
MOST_OF_A_DISK = 0.75  # what logs may take of the file system that they lie on
# auditd reloads in a thread of its own, after the kernel has told it who sent the signal.
RELOAD = (["auditctl", "--signal", "reload"], ["sleep", "2"])


def installed(host: Machine) -> bool:
    """True when there is an auditd on the machine."""
    return bool(first_of(host, PROGRAMS))


def configuration(host: Machine) -> Configuration:
    """What auditd makes of its file. Raises HostError when it would not start with it, or is not using it."""
    _used(host)
    if not host.exists(CONF):
        return parse(b"", CONF)
    if host.link(CONF) is not None:
        raise HostError("malformed", f"{CONF} is a symbolic link, with which auditd does not start")
    status = host.stat(CONF)
    if host.is_root and (status.st_uid != 0 or stat.S_IMODE(status.st_mode) & 0o002):
        raise HostError("malformed", f"others than root may change {CONF}, and so auditd does not start with it")
    parsed = parse(host.read(CONF), CONF, lambda name: _known(host, name))
    folder = _folder(parsed)
    if not host.exists(folder):
        raise HostError("malformed", f"the folder {folder} is missing, and without it auditd does not start")
    for program, place in parsed.programs:
        if not host.exists(program):
            raise HostError("malformed", f"auditd does not start with {place}: {program} is missing")
    return parsed


def _used(host: Machine) -> None:
    """Raise HostError when the auditd that runs was told to read another folder."""
    try:
        pid = number(host.text("/run/auditd.pid").strip())
        words = host.text(f"/proc/{pid}/cmdline").split("\0")
    except FileNotFoundError:
        return
    if words[0].endswith("auditd") and "-c" in words:
        raise HostError("failed", f"auditd runs with {' '.join(words).strip()}, so it does not read {CONF}")


def _known(host: Machine, name: str) -> bool:
    """Whether this machine's auditd knows a name: newer ones know more of them, each a word in the program."""
    return name.encode() + b"\0" in host.read(first_of(host, PROGRAMS))


def effective(host: Machine, address: str) -> Aspect:
    """The aspect of one address. Raises HostError."""
    if not installed(host):
        return not_installed("auditd")
    parsed = configuration(host)
    key = address.split(":", 1)[1]
    if key == KEPT:
        aspect = _kept(host, parsed)
    elif key == MARGIN:
        source = f"{_place(parsed, 'space_left')}; {_place(parsed, 'admin_space_left')}"
        aspect = value(_margin(host, parsed), source, "int")
    else:
        setting = parsed.values[key]
        group = number(setting) if key == "log_group" else None
        if group is not None:
            setting = names(host, "/etc/group").get(group, setting)
        aspect = value(setting, _place(parsed, key), "int" if isinstance(setting, int) else "string")
    note = _older(host)
    if note:
        aspect["note"] = note
    return aspect


def _place(parsed: Configuration, key: str) -> str:
    return parsed.places.get(key, f"auditd's own default, since {CONF} does not set {key}")


def _folder(parsed: Configuration) -> str:
    file: str = parsed.values["log_file"]
    return file.rpartition("/")[0]


def _kept(host: Machine, parsed: Configuration) -> Aspect:
    action, logs = parsed.values["max_log_file_action"], parsed.values["num_logs"]
    sizes = f"{_place(parsed, 'num_logs')}; {_place(parsed, 'max_log_file')}"
    if parsed.values["write_logs"] == "no":
        return value(0, f"{_place(parsed, 'write_logs')}: auditd writes no log", "int")
    gone = kept_in_memory(host, _folder(parsed))
    if gone:
        return value(0, f"{_folder(parsed)} is empty after each restart: {gone}", "int")
    if action == "suspend":
        where = f"{_place(parsed, 'max_log_file_action')}: auditd stops recording after the first file"
        return value(parsed.values["max_log_file"], where, "int")
    if action != "rotate":
        return absent(f"max_log_file_action = {action}: auditd overwrites no log")
    if logs < 2:
        off = f"num_logs = {logs} switches rotation off, so the log grows until the disk is full"
        return value(0, f"{off}; {sizes}", "int")
    room = host.megabytes(_folder(parsed))
    if logs * parsed.values["max_log_file"] > room:
        return value(room, f"{sizes}; there is no room for more where {_folder(parsed)} lies", "int")
    return value(logs * parsed.values["max_log_file"], sizes, "int")


def _margin(host: Machine, parsed: Configuration) -> int:
    """Megabytes, percentages taken of the file system of the log as auditd does."""
    sizes: list[int | str] = [parsed.values[key] for key in ("space_left", "admin_space_left")]
    whole = host.megabytes(_folder(parsed)) if any(isinstance(size, str) for size in sizes) else 0
    left, last = (whole * int(size[:-1]) // 100 if isinstance(size, str) else size for size in sizes)
    return left - last


def _older(host: Machine) -> str:
    """A sentence when auditd has not read its file since it changed, else an empty text. Raises HostError."""
    active, since = state(host, UNIT)
    if not active or since is None or not host.exists(CONF):
        return ""
    changed = host.stat(CONF).st_mtime
    if changed < since + 1:  # the service manager gives whole seconds
        return ""
    if _reloaded(host, since) >= changed:
        return ""
    return f"nothing shows that auditd has read {CONF} since it last changed; that takes effect at its next reload"


def _reloaded(host: Machine, since: int) -> float:
    """When auditd last reloaded (seconds since 1970), 0 when the journal does not say so. Raises HostError."""
    argv = ["journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE", "--reverse", "--lines=1"]
    argv += [f"--since=@{since}", "--grep=^config change requested", f"_SYSTEMD_UNIT={UNIT}", "_COMM=auditd"]
    done = host.query(argv)
    try:
        return int(json.loads(done.out)["__REALTIME_TIMESTAMP"]) / 1e6
    except (ValueError, KeyError, TypeError):
        return 0


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Set one key in place. Returns the commands that load it. Raises ChangeRefused, HostError."""
    key = address.split(":", 1)[1]
    if not installed(host):
        raise ChangeRefused("auditd is not installed, so there is nothing to change; install the package auditd first")
    if not host.exists(CONF):
        raise ChangeRefused(f"{CONF} is missing; reinstall the package auditd with --force-confmiss first")
    load = [list(argv) for argv in RELOAD] if state(host, UNIT)[0] else []
    before = effective(overlay, address)
    if before.get("value") == wanted and isinstance(before.get("value"), bool) == isinstance(wanted, bool):
        return load if _older(host) else []
    if key == KEPT and before["state"] == "absent":
        return load if _older(host) else []  # nothing is overwritten, so there is no number to set
    for name, text in _assignments(overlay, address, key, wanted):
        overlay.put_bytes(CONF, with_value(overlay.read(CONF), name, text))
    after = effective(overlay, address)
    if not _has_effect(key, after.get("value"), wanted):
        raise ChangeRefused(f"{address} would be {after.get('value')!r} ({after['source']}), not {wanted!r}")
    return load


def _enough_room(host: Machine, wanted: int, folder: str) -> None:
    """Raise ChangeRefused where the logs would fill the disk that the whole machine may work on."""
    gone, room = kept_in_memory(host, folder), host.megabytes(folder)
    if gone:
        raise ChangeRefused(f"audit logs in {folder} are gone after each restart, whatever their size: {gone}")
    if wanted > room * MOST_OF_A_DISK:
        raise ChangeRefused(
            f"{wanted} MB of audit logs would fill the disk: {folder} lies on a file system of {room} MB. Make that "
            "larger, or ask for less on this device (leeboard_overrides)"
        )


def _has_effect(key: str, present: Any, wanted: Any) -> bool:
    """Whether the change has its effect; whole files may come to somewhat more than was asked for."""
    return present == wanted or (key == KEPT and isinstance(present, int) and present > wanted)


def _assignments(overlay: Machine, address: str, key: str, wanted: Any) -> list[tuple[str, str]]:
    """(name, text) of each line that brings `wanted`. Raises ChangeRefused for what auditd would not take."""
    parsed = configuration(overlay)
    values = parsed.values
    whole = isinstance(wanted, int) and not isinstance(wanted, bool)
    if key == KEPT and whole and wanted > 0:
        _enough_room(overlay, wanted, _folder(parsed))
        size = max(values["max_log_file"], -(-wanted // NUMBERS["num_logs"][1]), 1)
        first = [("max_log_file", str(size))] if size != values["max_log_file"] else []
        return [*first, ("num_logs", str(max(2, -(-wanted // size))))]
    if key == MARGIN and whole and wanted > 0 and isinstance(values["admin_space_left"], int):
        return [("space_left", str(values["admin_space_left"] + wanted))]
    if key in WORDS and key not in ONLY_READ and wanted in WORDS[key] and wanted != "exec":
        return [(key, wanted)]
    if key in NUMBERS and key not in ONLY_READ and whole and NUMBERS[key][0] <= wanted <= NUMBERS[key][1]:
        return [(key, str(wanted))]
    if key == "log_group" and wanted in names(overlay, "/etc/group").values():
        return [(key, wanted)]
    raise ChangeRefused(f"{address}: {wanted!r} is nothing that is written here")
