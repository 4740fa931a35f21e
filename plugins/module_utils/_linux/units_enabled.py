"""Which units systemd starts with the machine, by the links in its folders: no child is needed for that."""

from __future__ import annotations

UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def started_units(host) -> list:
    """The names of the units that another unit wants, and that are there and not masked. Raises HostError."""
    linked = {
        name
        for place in UNITS[:2]
        for folder in host.entries(place)
        if folder.endswith((".wants", ".requires"))
        for name in host.entries(f"{place}/{folder}")
    }
    return [name for name in sorted(linked) if _there(host, name)]


def enabled(host, unit: str) -> bool:
    """Whether a unit is started with the machine. Raises HostError."""
    return unit in started_units(host)


def _there(host, unit: str) -> bool:
    if host.link(f"{UNITS[0]}/{unit}") == "/dev/null":
        return False
    template = unit.split("@", 1)[0] + "@." + unit.rsplit(".", 1)[-1] if "@" in unit else unit
    return any(host.exists(f"{place}/{name}") for place in UNITS for name in (unit, template))
