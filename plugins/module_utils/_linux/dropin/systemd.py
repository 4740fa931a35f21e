"""systemd's own configuration: /etc/systemd/NAME.conf and its drop-ins.

Some settings have rules of their own, see journald.py and sleep.py.

The order is that of systemd.unit(5) and of `systemd-analyze cat-config`: the first main file of /etc, /run,
/usr/local/lib, /usr/lib; then the drop-ins of all folders by FILE NAME, where a namesake in an earlier folder hides the
later ones and a link to /dev/null masks. The last assignment wins and an empty one resets. Files in /run are gone at
the next start: what counts then is looked at as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import beside_next_start, by_name, text_or_nothing
from ..system.inifile import systemd_assignments, with_key
from ..system.systemd_unit import note_if_older, state
from . import journald, sleep

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

RULES = {**journald.RULES, **sleep.RULES}
FOLDERS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
OURS = "zz-leeboard.conf"  # letters sort after digits, so this is read after the usual 10- to 99- names
# The daemon that reads a file, and how it takes it up. sleep.conf is read at each suspend.
DAEMONS: dict[str, tuple[str | None, str | None]] = {
    "logind": ("systemd-logind.service", "reload"),
    "journald": ("systemd-journald.service", "restart"),
    "timesyncd": ("systemd-timesyncd.service", "restart"),
    "sleep": (None, None),
}


def effective(host: Machine, address: str) -> Aspect:
    """The aspect of one address: as it is now, and as it will be after the next start. Raises HostError."""
    paths = files(host, _parts(address)[0])
    now = _in_effect(host, address, paths)
    gone = [path for path in paths if path.startswith("/run/")]
    return beside_next_start(now, _in_effect(host, address, _after_a_start(host, address)), gone[0]) if gone else now


def _in_effect(host: Machine, address: str, paths: list[str]) -> Aspect:
    rule = RULES.get(address)
    takes = rule.takes if rule else lambda text: True
    assigned = _assigned(host, address, paths, takes)
    return rule.in_effect(host, assigned) if rule else assigned


def _after_a_start(host: Machine, address: str) -> list[str]:
    return files(host, _parts(address)[0], [folder for folder in FOLDERS if not folder.startswith("/run/")])


def _assigned(host: Machine, address: str, paths: list[str], takes: Callable[[str], bool]) -> Aspect:
    """The last assignment that the daemon takes. Raises HostError."""
    name, section, key = _parts(address)
    text, place = "", f"{name}.conf and its drop-ins"
    for path in paths:
        for assignment in systemd_assignments(text_or_nothing(host, path) or "", path):
            if assignment.section == section and assignment.key == key and takes(assignment.text):
                text, place = assignment.text, assignment.place
    aspect = value(text, place, "string") if text else absent(place)
    unit = DAEMONS.get(name, (None, None))[0]
    if unit:
        # A drop-in that was taken away shows in its folder's time only.
        note = note_if_older(host, unit, paths + [f"{folder}/{name}.conf.d" for folder in FOLDERS], unit)
        if note:
            aspect["note"] = note
    return aspect


def _parts(address: str) -> tuple[str, str, str]:
    path, _dummy, key = address.partition(":")
    section, _dummy, key = key.partition(".")
    return path[len("systemd/") : -len(".conf")], section, key


def files(host: Machine, name: str, folders: Sequence[str] = FOLDERS) -> list[str]:
    """The files that are read, in their order. Raises HostError when a folder cannot be listed."""
    main = [f"{folder}/{name}.conf" for folder in folders if host.exists(f"{folder}/{name}.conf")][:1]
    return main + by_name(host, [f"{folder}/{name}.conf.d" for folder in folders], ".conf")


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Put one key into our drop-in. Returns the commands that load it. Raises ChangeRefused, HostError."""
    name, section, key = _parts(address)
    written = RULES[address].text(wanted) if address in RULES else wanted
    if not isinstance(written, str) or not written.strip() or not written.isprintable() or written.endswith("\\"):
        raise ChangeRefused(f"{address}: the wanted value must be one line of text")
    if name not in DAEMONS:
        raise ChangeRefused(f"{address}: it is not known how {name}.conf is loaded, so it is only reported")
    wanted = wanted.strip() if isinstance(wanted, str) else wanted
    before = effective(host, address)
    unit, verb = DAEMONS[name]
    if before.get("value") != wanted or before.get("others"):
        path = f"/etc/systemd/{name}.conf.d/{OURS}"
        text = text_or_nothing(overlay, path) or "# Written by Leeboard\n"
        overlay.put(path, with_key(text, section, key, written.strip()), mode=0o644)
        after = effective(overlay, address)
        if after.get("value") != wanted:
            if path in after["source"]:
                raise ChangeRefused(f"{after['source']}; that must be put right by hand")
            raise ChangeRefused(f"{after['source']} is read after {path} and sets {key} otherwise; take it out there")
        if after.get("others"):
            raise ChangeRefused(f"{key} is another one for {after['others'][0]['who']}; take that file away")
    elif "note" not in before:
        return []
    if not unit or not verb or not state(host, unit)[0]:
        return []
    # A journal that was kept in memory moves to the disk only when it is asked to.
    return [["systemctl", verb, unit], *([["journalctl", "--flush"]] if name == "journald" else [])]
