"""What the running service manager says about a unit: whether it runs, and since when its configuration is loaded."""

from __future__ import annotations

from .attempt import number
from .host import HostError


# Every unit that a driver asks about: one question to the service manager answers for all of them.
UNITS = (
    "ssh.service",
    "sshd.service",
    "systemd-logind.service",
    "systemd-journald.service",
    "systemd-timesyncd.service",
)
PROPERTIES = ("ActiveState", "StateChangeTimestamp", "ExecStart")


def state(host, unit: str) -> tuple:
    """(active, since): whether a unit runs, and the time of its last start or reload in seconds since 1970, or None.

    A machine without a running systemd (a container, a captured folder) has no running units. Raises HostError.
    """
    if not host.exists("/run/systemd/system"):
        return False, None
    said = _shown(host, unit)
    # A reload does not touch ActiveEnterTimestamp, but it leaves and enters the active state.
    return said.get("ActiveState") == "active", number(said.get("StateChangeTimestamp", "").lstrip("@"))


def arguments(host, unit: str):
    """The words that a unit starts its program with, the program first; None where they are not known.

    Drop-ins may add some, so the service manager is asked. Raises HostError.
    """
    if not host.exists("/run/systemd/system"):
        return None
    _dummy, found, rest = _shown(host, unit).get("ExecStart", "").partition("argv[]=")
    return rest.split(" ; ", 1)[0].split() if found else None


def _shown(host, unit: str) -> dict:
    """The properties of a unit. Raises HostError."""
    properties = [word for name in PROPERTIES for word in ("-p", name)]
    done = host.query(["systemctl", "show", "--timestamp=unix", *properties, *UNITS])
    blocks = done.out.strip("\n").split("\n\n")  # one for each unit, in the order of the question
    if len(blocks) != len(UNITS):
        raise HostError("failed", f"systemctl show ended with status {done.rc}: {done.err.strip()[:200]}")
    return dict(line.split("=", 1) for line in blocks[UNITS.index(unit)].splitlines() if "=" in line)


def note_if_older(host, unit: str, paths: list, name: str) -> str:
    """A sentence when a unit was last loaded before one of its files changed, else an empty text. Raises HostError."""
    active, since = state(host, unit)
    if not active or since is None:
        return ""
    for path in paths:
        try:
            changed = host.stat(path).st_mtime
        except FileNotFoundError:
            continue
        if changed >= since + 1:  # the service manager gives whole seconds
            return f"{name} was started before its configuration last changed; it takes effect at the next reload"
    return ""
