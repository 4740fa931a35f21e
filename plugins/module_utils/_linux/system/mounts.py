"""What is mounted and swapped to, and what is listed to be: mountinfo, /proc/swaps, /etc/fstab, /etc/crypttab."""

from __future__ import annotations

import re

from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing

MOUNTINFO = "/proc/self/mountinfo"
SWAPS = "/proc/swaps"
FSTAB = "/etc/fstab"
CRYPTTAB = "/etc/crypttab"
OCTAL = re.compile(r"\\([0-7]{3})")
MEMORY = ("tmpfs", "ramfs")  # file systems whose content is gone after a restart


class Mount:
    """One mounted file system: `number` (major:minor), `point`, `fstype`, `source`, and its own `options`."""

    def __init__(self, number: str, point: str, fstype: str, source: str, options: list[str] | None = None) -> None:
        self.number = number
        self.point = point
        self.fstype = fstype
        self.source = source
        self.options = options or []


class Listed:
    """One line of fstab: `spec` (what), `point` (where), `fstype` and `options`."""

    def __init__(self, spec: str, point: str, fstype: str, options: list[str]) -> None:
        self.spec = spec
        self.point = point
        self.fstype = fstype
        self.options = options


class Mapping:
    """One line of crypttab: `name`, `source`, `key` (empty where it says none) and `options`."""

    def __init__(self, name: str, source: str, key: str, options: list[str]) -> None:
        self.name = name
        self.source = source
        self.key = key
        self.options = options

    def option(self, name: str) -> str:
        """The value of an option, empty where it is not there or has none."""
        return next((option[len(name) + 1 :] for option in self.options if option.startswith(f"{name}=")), "")


def unescaped(text: str) -> str:
    """The kernel and fstab write blanks and the like as three octal digits."""
    return OCTAL.sub(lambda match: chr(int(match.group(1), 8)), text)


def mounted(host: Machine) -> list[Mount]:
    """Everything that is mounted, in the kernel's order. Raises HostError."""
    try:
        text = host.text(MOUNTINFO)
    except FileNotFoundError:
        raise HostError("failed", f"{MOUNTINFO} is missing, so it is not known what is mounted") from None
    mounts = []
    for line in text.split("\n"):
        before, dash, after = line.partition(" - ")
        first, last = before.split(" "), after.split(" ")
        if dash and len(first) >= 5 and len(last) >= 2:
            options = last[2].split(",") if len(last) > 2 else []
            mounts.append(Mount(first[2], unescaped(first[4]), last[0], unescaped(last[1]), options))
    if not any(mount.point == "/" for mount in mounts):
        raise HostError("malformed", f"{MOUNTINFO} names nothing at /")
    return mounts


def swaps(host: Host) -> list[tuple[str, bool]]:
    """(path, is a file) of each swap in use. Raises HostError."""
    areas = []
    for line in (text_or_nothing(host, SWAPS) or "").split("\n")[1:]:
        words = line.split()
        if len(words) >= 2:
            areas.append((unescaped(words[0]), words[1] == "file"))
    return areas


def fstab(host: Host) -> list[Listed]:
    """The lines of fstab."""
    entries = []
    for words in _lines(host, FSTAB):
        if len(words) >= 3:
            options = words[3].split(",") if len(words) > 3 else []
            entries.append(Listed(unescaped(words[0]), unescaped(words[1]).rstrip("/") or "/", words[2], options))
    return entries


def crypttab(host: Host) -> list[Mapping]:
    """The lines of crypttab."""
    return crypttab_of(text_or_nothing(host, CRYPTTAB) or "")


def crypttab_of(text: str) -> list[Mapping]:
    """The lines of a crypttab."""
    mappings = []
    for words in _words(text):
        if len(words) >= 2:
            key = unescaped(words[2]) if len(words) > 2 and words[2] not in ("none", "-") else ""
            options = words[3].split(",") if len(words) > 3 else []
            mappings.append(Mapping(unescaped(words[0]), unescaped(words[1]), key, options))
    return mappings


def _lines(host: Host, path: str) -> list[list[str]]:
    return _words(text_or_nothing(host, path) or "")


def _words(text: str) -> list[list[str]]:
    lines = (line.strip() for line in text.split("\n"))
    return [line.split() for line in lines if line and not line.startswith("#")]


def holder(mounts: list[Mount], path: str) -> Mount | None:
    """The mount that a path lies on; of several over each other the last one is seen."""
    best = None
    for mount in mounts:
        inside = mount.point == "/" or path == mount.point or path.startswith(mount.point + "/")
        if inside and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def kept_in_memory(host: Machine, path: str) -> str:
    """The mount point by which what lies at a path is gone after a restart, in words; "" where it lies on a disk.

    An overlay keeps what is written in its upper folder (overlayroot, live systems). A machine that does not say what
    is mounted (a captured folder) counts as one with disks. Raises HostError.
    """
    if not host.exists(MOUNTINFO):
        return ""
    mounts = mounted(host)
    mount = holder(mounts, host.real(path))
    if mount is None:
        raise HostError("malformed", f"{MOUNTINFO} names nothing that holds {path}")
    upper = next((unescaped(one[len("upperdir=") :]) for one in mount.options if one.startswith("upperdir=")), "")
    if mount.fstype == "overlay" and upper:
        below = holder(mounts, upper)
        if below is None or below.fstype == "overlay":
            # It was mounted from somewhere that is not to be seen from here: a live system, a container.
            raise HostError("failed", f"it cannot be told on what {mount.point} keeps what is written: {upper}")
        mount = below
    if mount.fstype in MEMORY or mount.source.startswith("/dev/zram"):
        return f"what is mounted at {mount.point} is kept in memory ({mount.fstype})"
    return ""
