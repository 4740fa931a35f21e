"""The lock screen of KDE Plasma: what ordinary users get of kscreenlockerrc, group [Daemon].

Addresses:

    kscreenlockerrc:Daemon.Autolock             bool; likewise Lock, LockOnResume and RequirePassword
    kscreenlockerrc:Daemon.Timeout              int, minutes, a fraction rounded up; LockGrace: int, seconds
    kscreenlockerrc:Daemon.Timeout#immutable    true when an ordinary user cannot give himself another value
    environment                                 list of places that send Plasma's sessions to other files, or start them
                                                without the lock screen

A value that KConfig does not take for a number comes as its text. `others` names people, and kinds of session or
languages, that get something else. kreadconfig6 is not asked: it passes kdeglobals over, which the lock screen does
not, and it is not there on every machine with Plasma. The tests hold this reading against it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..dconf import environment as dconf_environment
from ..engine.edits import Change, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, unreadable, value
from ..engine.safe_read import is_null, not_installed, number, read_each
from ..system.boot_state import started
from ..system.dconf_people import everyone, read_own
from ..system.desktops import desktops
from .keys import FILE, KEYS

if TYPE_CHECKING:
    from .view import View

NAME = "kconfig"
ADDRESSES = re.compile(rf"\A(?:{FILE}:Daemon\.(?:{'|'.join(KEYS)})(?:#immutable)?|environment)\Z")
REDIRECTIONS = ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
# An option of kwin_wayland and of ksmserver (plasma-kwin_wayland.service, plasma-ksmserver.service).
NO_LOCK_SCREEN = "--no-lockscreen"
UNIT_FOLDERS = ("/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
OWN_UNITS = ".config/systemd/user"
LOCKERS = ("kwin_wayland", "ksmserver")  # the processes that hold the settings, in Wayland and in X11


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    views: list[View] = []

    def find(address: str) -> Reading:
        if "plasma" not in desktops(host):
            return reading(NAME, address, not_installed("KDE Plasma"))
        if address == "environment":
            return reading(NAME, address, value(_places(host), "files of the system and homes of users", "list"))
        if not views:
            from .view import View  # only where there is Plasma

            views.append(View(host))
        return _reading(views[0], address)

    return read_each(NAME, ADDRESSES, addresses, find)


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The file of the system as it will be. Raises ChangeRefused, HostError."""
    from . import changes as kconfig_changes  # a check does without

    return kconfig_changes.dry_run(host, changes)


def _reading(view: View, address: str) -> Reading:
    key, lock, _dummy = address.rpartition(".")[2].partition("#")
    effective = view.immutable(key) if lock else view.value(key)
    older = _older_sessions(view)
    if not older or effective["state"] == "unreadable":
        return reading(NAME, address, effective)
    return reading(NAME, address, {**effective, "note": older}, running=unreadable("failed", older))


def _places(host: Host) -> list[str]:
    from .session import SCRIPTS  # only where there is Plasma

    redirected = [(file, name) for file, name, _value in dconf_environment.system_redirections(host)]
    for name in host.entries(f"/etc/xdg/{SCRIPTS}"):
        file = f"/etc/xdg/{SCRIPTS}/{name}"
        if name.endswith(".sh"):
            redirected += [(file, variable) for variable, _value in dconf_environment.redirections(host.text(file))]
    for someone in everyone(host):
        scripts = dconf_environment.few(host, f"{someone.home}/.config/{SCRIPTS}")
        more = tuple(f".config/{SCRIPTS}/{name}" for name in scripts if name.endswith(".sh"))
        redirected += dconf_environment.own_redirections(host, someone, more)
    places = [f"{file}: {name}" for file, name in redirected if name in REDIRECTIONS]
    return list(dict.fromkeys([*places, *_without_lock_screen(host)]))


def _without_lock_screen(host: Host) -> list[str]:
    """Units of systemd that start Plasma's window manager with the option that leaves the lock screen out."""
    left_out = []
    for folder in UNIT_FOLDERS:
        for name in host.entries(folder):
            inside = [f"{name}/{each}" for each in host.entries(f"{folder}/{name}")] if name.endswith(".d") else [name]
            paths = [f"{folder}/{each}" for each in inside if each.endswith((".service", ".conf"))]
            left_out += [path for path in paths if not is_null(host, path) and _leaves_it_out(host.read, path)]
    for someone in everyone(host):
        for name in dconf_environment.names_below(host, someone, OWN_UNITS):
            if _leaves_it_out(partial(read_own, host, someone), name):
                left_out.append(f"{someone.home}/{name}")
    return [f"{path}: {NO_LOCK_SCREEN}" for path in left_out]


def _leaves_it_out(read: Callable[[str], bytes], path: str) -> bool:
    try:
        return any(
            NO_LOCK_SCREEN.encode() in line for line in read(path).split(b"\n") if not line.lstrip().startswith(b"#")
        )
    except FileNotFoundError:
        return False


def _older_sessions(view: View) -> str:
    """A sentence when people are signed in to Plasma since before a file of the system changed, else "".

    The lock screen reads its files when the session starts, and again when its own settings page says so.
    """
    if view.changed is None:
        changed = [view.host.stat(path).st_mtime for path in view.paths() if view.host.exists(path)]
        view.changed = ""
        lockers = _lockers(view.host) if changed else []
        if any(when + 1 < max(changed) for when in lockers):
            view.changed = "people are signed in to Plasma since before this changed; it counts from their next sign-in"
    return view.changed


def _lockers(host: Host) -> list[float]:
    """When each running lock screen was started, in seconds since 1970."""
    starts = []
    try:
        booted = started(host)
    except HostError:
        return []
    if booted is None:
        return []
    for name in host.entries("/proc"):
        if number(name) is None:
            continue
        try:
            if host.text(f"/proc/{name}/comm").strip() in LOCKERS:
                ticks = host.text(f"/proc/{name}/stat").rpartition(")")[2].split()[19]
                starts.append(booted + int(ticks) / os.sysconf("SC_CLK_TCK"))
        except (FileNotFoundError, HostError, IndexError, ValueError):
            continue  # it ended while it was looked at
    return starts
