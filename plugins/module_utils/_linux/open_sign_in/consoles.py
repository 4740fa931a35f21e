"""Terminals on which somebody is signed in, or gets a shell, without a password: as systemd's units say.

systemd.unit(5) and systemd.service(5) for how a unit is put together (`units`), agetty(8), login(1), sulogin(8),
systemd-debug-generator(8), systemd.system-credentials(7). Units count that something starts: a link in a folder of
.wants or its like, another unit of the school's own that names them, a timer or socket, or that run now. The gettys of
virtual terminals start when somebody switches to one.
"""

from __future__ import annotations

import re

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing
from ..system import kernel
from ..system.inifile import OFF, ON, Assignment
from ..system.people import password_fields
from . import programs
from .units import FOLDERS, Unit, linked, loaded, named, own

ALWAYS = (
    "getty@.service", "autovt@.service", "serial-getty@.service", "container-getty@.service", "console-getty.service",
    "rescue.service", "emergency.service",
)  # fmt: skip
VIRTUAL = re.compile(r"\A(?:getty|autovt)@[^.]+\.service\Z")
RESCUE = ("rescue.service", "emergency.service")
RUNNING = "/sys/fs/cgroup/system.slice"
CREDENTIALS = (
    "/run/credentials/@system", "/etc/credstore", "/etc/credstore.encrypted", "/run/credstore",
    "/run/credstore.encrypted", "/usr/local/lib/credstore", "/usr/lib/credstore",
)  # fmt: skip
# What agetty and login take from systemd (agetty(8) and login(1) of util-linux 2.41, CREDENTIALS).
OPENING = re.compile(r"(?:\A|\.)(?:agetty\.autologin|login\.noauth)\Z")
GIVING = ("SetCredential", "SetCredentialEncrypted", "LoadCredential", "LoadCredentialEncrypted")
FORCE = "SYSTEMD_SULOGIN_FORCE"
DEBUG_SHELL, DEBUG_UNIT = "systemd.debug_shell", "debug-shell.service"
SETTING = re.compile(rf"systemd\.setenv=\"?{FORCE}=(\w+)")


def found(host: Host) -> list[str]:
    """The units, each with what it does and where that is said. Raises HostError."""
    started = linked(host)
    local = own(host)
    candidates = {*ALWAYS, *started, *(name for name in local if name.endswith(".service"))}
    texts: list[str] = []
    for name in sorted(candidates):
        unit = loaded(host, name)
        if unit is None:
            continue
        said = _judged(host, unit)
        if said and (name in ALWAYS or name in started or VIRTUAL.match(name) or _starts(host, unit)):
            texts += [f"{unit.name}: {one}" for one in said]
    return texts + _credentials(host) + _kernel(host)


def _starts(host: Host, unit: Unit) -> bool:
    """Whether a unit that no link starts is started all the same, or runs now."""
    return unit.name in named(host) or host.exists(f"{RUNNING}/{unit.name}")


def _judged(host: Host, unit: Unit) -> list[str]:
    on_terminal = unit.last("StandardInput").startswith("tty")
    said = []
    for start in unit.all("ExecStart"):
        what = programs.lets_in(programs.words(start.text, unit.environment(host)), on_terminal, start)
        if what == programs.ROOT_LOCKED and not _root_is_locked(host):
            what = ""
        if what:
            said.append(_at(what, start))
    for key in GIVING:
        said += [_at(f"gives {one.text.split(':')[0]}", one) for one in unit.all(key) if _opens(one)]
    if unit.name in RESCUE and unit.environment(host).get(FORCE, "").lower() in ON and _root_is_locked(host):
        said.append(f"starts a root shell, since {FORCE} is set and root is locked")
    return said


def _at(what: str, assignment: Assignment) -> str:
    return f"{what} ({assignment.place})"


def _opens(assignment: Assignment) -> bool:
    return bool(OPENING.search(assignment.text.split(":")[0]))


def _root_is_locked(host: Host) -> bool:
    """Whether root has no password with which somebody could be asked for one. Raises HostError."""
    field = password_fields(host).get("root", "*")
    return field == "" or field.startswith(("!", "*"))


def _credentials(host: Host) -> list[str]:
    """Credentials that every getty takes up by itself (ImportCredential= in its unit)."""
    return [
        f"{folder}/{name}: is what gettys sign somebody in by"
        for folder in CREDENTIALS
        for name in host.entries(folder)
        if OPENING.search(name)
    ]


def _kernel(host: Host) -> list[str]:
    """What the kernel is started with, now or next."""
    texts = []
    masked = any(host.exists(f"{folder}/{DEBUG_UNIT}") for folder in FOLDERS) and loaded(host, DEBUG_UNIT) is None
    later, place = kernel.of_next_start(host, DEBUG_SHELL)
    for option, where in ((kernel.boot_option(host, DEBUG_SHELL), kernel.CMDLINE), (later, place)):
        if option is not None and option.lower() not in OFF and not masked:
            texts.append(f"{DEBUG_UNIT}: the kernel is started with {DEBUG_SHELL} ({where})")
    forced = SETTING.findall(text_or_nothing(host, kernel.CMDLINE) or "")
    if forced and forced[-1].lower() in ON and _root_is_locked(host):
        texts.append(f"rescue.service: starts a root shell, since {FORCE} is set and root is locked ({kernel.CMDLINE})")
    return texts
