"""Places where a session's environment is told to read settings from elsewhere: such a place goes round every lock.

Reported: DCONF_PROFILE, GSETTINGS_BACKEND and GSETTINGS_SCHEMA_DIR wherever they are set to something else than the
default, XDG_CONFIG_HOME likewise, XDG_DATA_DIRS and XDG_CONFIG_DIRS where the standard folder is dropped (flatpak and
snap only add to it), a dconf profile of a user's session, and a user's own copy of a schema that the system has.
Only the place and the variable's name leave the device, never a line of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..engine.host import Host, HostError
from ..engine.safe_read import by_name
from ..system.dconf_gvdb import Gvdb, Malformed
from ..system.dconf_people import Someone, everyone, read_own
from .keyfiles import settle

VARIABLES = (
    "DCONF_PROFILE", "GSETTINGS_BACKEND", "GSETTINGS_SCHEMA_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_DIRS",
)  # fmt: skip
HARMLESS = {
    "DCONF_PROFILE": re.compile(r"user\Z"),
    "GSETTINGS_BACKEND": re.compile(r"dconf\Z"),
    "GSETTINGS_SCHEMA_DIR": re.compile(r"/usr/share/glib-2.0/schemas/?\Z"),
    "XDG_CONFIG_HOME": re.compile(r"(~|\$HOME|\$\{HOME\}|@\{HOME\})/\.config/?\Z"),
    # Kept: what was there before, or the standard folder by name.
    "XDG_CONFIG_DIRS": re.compile(r".*(\$\{?XDG_CONFIG_DIRS\b|@\{XDG_CONFIG_DIRS\}|(\A|:)/etc/xdg/?(:|\Z|\}))", re.S),
    "XDG_DATA_DIRS": re.compile(r".*(\$\{?XDG_DATA_DIRS\b|@\{XDG_DATA_DIRS\}|(\A|[:-])/usr/share/?(:|\Z|\}))", re.S),
}
ASSIGNMENT = re.compile(
    r"(?<![\w$])(?P<name>" + "|".join(VARIABLES) + r")(?:\+?=|[ \t]+(?:DEFAULT|OVERRIDE)=)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s;&|\\\"']|\\.|\"[^\"]*\")*)"
)
ADDED = re.compile(r"[\"']?(:|\$\{\w+:\+)")  # "XDG_DATA_DIRS+=:/x" adds

SYSTEM_FILES = ("/etc/environment", "/etc/security/pam_env.conf", "/etc/profile", "/etc/bash.bashrc")
ENVIRONMENT_FOLDERS = (
    "/etc/environment.d",
    "/run/environment.d",
    "/usr/local/lib/environment.d",
    "/usr/lib/environment.d",
)
SHELL_FOLDERS = ("/etc/profile.d", "/etc/X11/Xsession.d")
SERVICE_FOLDERS = ("/etc/systemd/user.conf.d",)
USER_FILES = (
    ".profile", ".bash_profile", ".bash_login", ".bashrc", ".zprofile", ".zshenv", ".xprofile", ".xsession",
    ".xsessionrc", ".gnomerc", ".pam_environment",
)  # fmt: skip
USER_FOLDERS = (".config/environment.d", ".config/systemd/user")
MOST_FILES = 500  # in one folder of a home
NOT_THEIRS = ("/dev/null", "/usr/lib/systemd/user/", "/etc/systemd/user/")
SCHEMAS = "glib-2.0/schemas/gschemas.compiled"


def redirections(text: str) -> list[tuple[str, str]]:
    """(variable, value) of each assignment in `text` that sends dconf elsewhere; shell, environment and PAM syntax."""
    pairs = []
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        for match in ASSIGNMENT.finditer(line):
            name, value = match.group("name"), match.group("value").strip("\"'")
            added = "+=" in match.group() and ADDED.match(match.group("value"))
            if not added and not HARMLESS[name].match(value):
                pairs.append((name, value))
    return pairs


def system_files(host: Host) -> list[str]:
    """Every file that sets variables for all sessions, each once, in the order in which they are read."""
    files = [name for name in SYSTEM_FILES if host.exists(name)]
    files += by_name(host, ENVIRONMENT_FOLDERS, ".conf")
    for folder in (*SHELL_FOLDERS, *SERVICE_FOLDERS):
        wanted = (".sh",) if folder.endswith("profile.d") else (".conf",) if folder in SERVICE_FOLDERS else ("",)
        files += [f"{folder}/{name}" for name in host.entries(folder) if name.endswith(wanted)]
    if host.exists("/etc/systemd/user.conf"):
        files.append("/etc/systemd/user.conf")
    return list(dict.fromkeys(settle(host, name) for name in files))


def system_redirections(host: Host) -> list[tuple[str, str, str]]:
    """(file, variable, value) of the files for all sessions. Raises HostError when one cannot be read."""
    redirected = []
    for name in system_files(host):
        try:
            text = host.text(name)
        except FileNotFoundError:
            continue
        redirected += [(name, *each) for each in redirections(text)]
    return redirected


def overrides(host: Host) -> dict[str, str]:
    """What a session of any user has in its environment of this: {variable: value}, as far as the value is plain."""
    return {
        name: value
        for _file, name, value in system_redirections(host)
        if "$" not in value and "@{" not in value and name not in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
    }


def places(host: Host) -> list[str]:
    """All places, as "place: VARIABLE". Raises HostError: a home that cannot be read is not a home without one."""
    redirected = [f"{file}: {name}" for file, name, _value in system_redirections(host)]
    redirected += [f"/run/dconf/user/{name}: dconf profile" for name in host.entries("/run/dconf/user")]
    shared = _schema_names(lambda: host.read(f"/usr/share/{SCHEMAS}"))
    for someone in everyone(host):
        redirected += _places_of(host, someone, shared)
    return list(dict.fromkeys(redirected))


def own_redirections(host: Host, someone: Someone, more: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """(file, variable) of somebody's own start files, and of `more` below the home. Raises HostError."""
    redirected = []
    names = [*USER_FILES, *more]
    for folder in USER_FOLDERS:
        names += names_below(host, someone, folder)
    for name in names:
        try:
            text = read_own(host, someone, name).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        redirected += [(f"{someone.home}/{name}", variable) for variable, _value in redirections(text)]
    return redirected


def _places_of(host: Host, someone: Someone, shared: set[str]) -> list[str]:
    redirected = [f"{file}: {variable}" for file, variable in own_redirections(host, someone)]
    if host.exists(f"/run/user/{someone.uid}/dconf/profile"):
        redirected.append(f"/run/user/{someone.uid}/dconf/profile: dconf profile")
    try:
        shadows = bool(shared & _schema_names(lambda: read_own(host, someone, f".local/share/{SCHEMAS}")))
    except HostError as problem:
        if problem.code != "too_large":
            raise
        shadows = True  # nobody has a megabyte of schemas of his own
    if shadows:
        redirected.append(f"{someone.home}/.local/share/{SCHEMAS}: own copy of a system schema")
    return redirected


def names_below(host: Host, someone: Someone, folder: str) -> list[str]:
    """Settings files in a folder of a home, and for systemd units in their drop-in folders. Raises HostError.

    Left out is what leads to nothing (a masked unit) or to a unit of the system, which is looked at by itself.
    """
    names = []
    for name in few(host, f"{someone.home}/{folder}"):
        if name.endswith((".conf", ".service")):
            names.append(f"{folder}/{name}")
        elif name.endswith(".d"):
            inside = few(host, f"{someone.home}/{folder}/{name}")
            names += [f"{folder}/{name}/{each}" for each in inside if each.endswith(".conf")]
    return [name for name in names if not (host.link(f"{someone.home}/{name}") or "").startswith(NOT_THEIRS)]


def few(host: Host, folder: str) -> list[str]:
    """The names in a folder of a home. Raises HostError where there are more than anybody could mean."""
    names = host.entries(folder)
    if len(names) > MOST_FILES:
        raise HostError("too_large", f"{folder} holds {len(names)} files, more than a check looks at")
    return names


def _schema_names(read: Callable[[], bytes]) -> set[str]:
    """Schema ids in a compiled schema file; none where there is no such file or GLib would ignore it."""
    try:
        return set(Gvdb(read()).keys())
    except (FileNotFoundError, Malformed):
        return set()
