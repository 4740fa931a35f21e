"""Which units systemd starts with the machine, by the links in its folders: no child is needed for that."""

from __future__ import annotations

import re
import stat

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing

UNITS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
# Links in these folders let one unit start another (systemd.unit(5)). Those below /run are gone at the next boot.
LINKS = (".wants", ".requires", ".upholds")
# Units that start another one, which they may name (systemd.timer(5), systemd.path(5), systemd.socket(5)).
STARTERS = (".timer", ".path", ".socket")
NAMED = re.compile(r"(?m)^\s*(?:Unit|Service)\s*=\s*(\S+)")


def started_units(host: Host) -> list[str]:
    """The names of the units that another unit wants, and that are there and not masked. Raises HostError."""
    linked = {
        name
        for place in UNITS[:3]
        for folder in host.entries(place)
        if folder.endswith(LINKS)
        for name in host.entries(f"{place}/{folder}")
    }
    return [name for name in sorted(linked) if _there(host, name)]


def enabled(host: Host, unit: str) -> bool:
    """Whether a unit is started with the machine. Raises HostError."""
    return unit in started_units(host)


def activated(host: Host) -> list[tuple[str, str]]:
    """(starter, unit) of the units that a timer, path or socket which starts with the machine starts. Raises HostError.

    Only files in /etc are asked which unit they name: a package's starter has the name of what it starts.
    """
    pairs = []
    for name in started_units(host):
        stem, dot, kind = name.rpartition(".")
        if dot + kind not in STARTERS:
            continue
        folder = f"{UNITS[0]}/{name}.d"
        files = [f"{UNITS[0]}/{name}", *(f"{folder}/{one}" for one in host.entries(folder) if one.endswith(".conf"))]
        texts = [text_or_nothing(host, path) or "" for path in files if _is_file(host, path)]
        named = [unit for text in texts for unit in NAMED.findall(text)]
        pairs += [(name, unit) for unit in named or [f"{stem}.service", f"{stem}@.service"] if _there(host, unit)]
    return pairs


def starters(host: Host, unit: str) -> list[str]:
    """The timers, paths and sockets that start with the machine and start this unit. Raises HostError."""
    return [starter for starter, started in activated(host) if started == unit]


def _is_file(host: Host, path: str) -> bool:
    try:
        return stat.S_ISREG(host.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _there(host: Host, name: str) -> bool:
    """Whether a unit has a file and is not masked, by a link to nothing or by an empty file (systemd.unit(5))."""
    first = f"{UNITS[0]}/{name}"
    if host.link(first) == "/dev/null" or (_is_file(host, first) and not host.stat(first).st_size):
        return False
    template = name.split("@", 1)[0] + "@." + name.rsplit(".", 1)[-1] if "@" in name else name
    return any(host.exists(f"{place}/{each}") for place in UNITS for each in (name, template))
