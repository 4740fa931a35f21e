"""Units of systemd as their files say, put together as systemd does: no child is needed for that.

systemd.unit(5): the file of the first folder that has it, of the instance or else of its template; drop-ins of all
folders by file name, where those of the unit itself hide namesakes of its template, of its prefixes and of its kind. A
link to /dev/null, or an empty file, masks.
"""

from __future__ import annotations

import re

from ..engine.host import Host
from ..engine.safe_read import by_name, text_or_nothing
from ..system.inifile import Assignment, systemd_assignments
from ..system.units_enabled import LINKS, STARTERS, activated
from .programs import split

LOCAL = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system")
FOLDERS = (
    "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
    "/run/systemd/generator.early", LOCAL[0], LOCAL[1], "/run/systemd/generator", LOCAL[2], "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
)  # fmt: skip
STARTING = ("Wants", "Requires", "Requisite", "BindsTo", "Upholds", "OnSuccess", "OnFailure")


class Unit:
    """A unit by its own `name` (not an alias), and the `assignments` of its section [Service], in their order."""

    def __init__(self, name: str, assignments: list[Assignment]) -> None:
        self.name = name
        self.assignments = assignments

    def all(self, key: str) -> list[Assignment]:
        """The assignments of a key that may stand several times; an empty one takes back those before it."""
        kept: list[Assignment] = []
        for one in self.assignments:
            if one.key == key:
                kept = [*kept, one] if one.text else []
        return kept

    def last(self, key: str) -> str:
        """What counts of a key of which the last assignment does."""
        return next((one.text for one in reversed(self.assignments) if one.key == key), "")

    def environment(self, host: Host) -> dict[str, str]:
        """What Environment= and EnvironmentFile= set. Raises HostError."""
        pairs = [pair for one in self.all("Environment") for pair in split(one.text)]
        for one in self.all("EnvironmentFile"):
            lines = (text_or_nothing(host, one.text.lstrip("-")) or "").split("\n")
            pairs += [pair for line in lines if line.strip()[:1] not in ("#", ";", "") for pair in split(line)[:1]]
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def template(name: str) -> str:
    """The template of an instance; of any other unit its own name."""
    return re.sub(r"@[^@]*\.", "@.", name)


def loaded(host: Host, name: str) -> Unit | None:
    """A unit with its drop-ins; None where it is not there or masked. Raises HostError."""
    path = next((f"{at}/{one}" for one in _unique(name, template(name)) for at in FOLDERS if _has(host, at, one)), "")
    if not path:
        return None
    text = text_or_nothing(host, path)
    if not (text or "").strip():
        return None
    real = host.real(path).rsplit("/", 1)[-1] if host.link(path) else name
    if real.endswith("@.service") and not name.endswith("@.service"):
        real = real.replace("@.", name[name.find("@") : name.rfind(".") + 1]) if "@" in name else real
    assignments = systemd_assignments(text or "", path)
    for drop_in in by_name(host, _drop_in_folders(host, _unique(name, real)), ".conf"):
        assignments += systemd_assignments(text_or_nothing(host, drop_in) or "", drop_in)
    return Unit(real, [one for one in assignments if one.section == "Service"])


def _has(host: Host, folder: str, name: str) -> bool:
    return name in host.entries(folder)


def _unique(*names: str) -> list[str]:
    return list(dict.fromkeys(names))


def _drop_in_folders(host: Host, names: list[str]) -> list[str]:
    """Those that are there, the strongest first."""
    wanted: list[str] = []
    for name in names:
        stem, _dot, kind = name.rpartition(".")
        parts = stem.split("-")
        prefixes = [f"{'-'.join(parts[:count])}-.{kind}" for count in range(len(parts) - 1, 0, -1)]
        wanted += [f"{one}.d" for one in (name, template(name), *prefixes)]
    there = {folder: host.entries(folder) for folder in FOLDERS}
    folders = [f"{at}/{one}" for at in FOLDERS for one in _unique(*wanted) if one in there[at]]
    return folders + [f"{at}/service.d" for at in FOLDERS if "service.d" in there[at]]


def linked(host: Host) -> set[str]:
    """The services that another unit wants by a link, and those that a timer, path or socket starts. Raises HostError.

    Links below /run are those of generators, which come back, or of the time until the next start.
    """
    names = {
        name
        for at in FOLDERS
        for folder in host.entries(at)
        if folder.endswith(LINKS)
        for name in host.entries(f"{at}/{folder}")
    }
    started = {unit for _starter, unit in activated(host)} if any(name.endswith(STARTERS) for name in names) else set()
    return {name for name in names | started if name.endswith(".service")}


def own(host: Host) -> set[str]:
    """The units that have a file or drop-ins of the school's own, by name. Raises HostError."""
    return {name.removesuffix(".d") for at in LOCAL for name in host.entries(at)}


def named(host: Host) -> set[str]:
    """The units that a file of the school's own has another unit start. Raises HostError."""
    names: set[str] = set()
    for at in LOCAL:
        for entry in host.entries(at):
            if entry.endswith(".d"):
                paths = [f"{at}/{entry}/{one}" for one in host.entries(f"{at}/{entry}") if one.endswith(".conf")]
            else:
                paths = [f"{at}/{entry}"] if entry.endswith((".service", ".target")) else []
            for path in paths:
                for one in systemd_assignments(text_or_nothing(host, path) or "", path):
                    names |= set(one.text.split()) if one.section == "Unit" and one.key in STARTING else set()
    return names
