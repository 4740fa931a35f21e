"""LightDM: does the greeter hide the list of users.

From common/configuration.c: the lightdm.conf.d folders of /usr/share, /usr/local/share, /etc/xdg and /etc, each by file
name, then /etc/lightdm/lightdm.conf; the last assignment wins. [SeatDefaults] is the old name of [Seat:*]. A section of
one seat ([Seat:seat0]) beats it for that seat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import first_of, not_installed, text_or_nothing
from ..system.inifile import Assignment, keyfile_assignments, with_key

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

KEY = "greeter-hide-users"
MAIN = "/etc/lightdm/lightdm.conf"
FOLDERS = (
    "/usr/share/lightdm/lightdm.conf.d",
    "/usr/local/share/lightdm/lightdm.conf.d",
    "/etc/xdg/lightdm/lightdm.conf.d",
    "/etc/lightdm/lightdm.conf.d",
)
OURS = "/etc/lightdm/lightdm.conf.d/zz-leeboard.conf"
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
EVERY_SEAT = ("Seat:*", "SeatDefaults")


def files(host: Machine) -> list[str]:
    """The files in the order in which LightDM reads them. Raises HostError."""
    paths = [f"{folder}/{name}" for folder in FOLDERS for name in host.entries(folder) if name.endswith(".conf")]
    return [*paths, MAIN] if host.exists(MAIN) else paths


def effective(host: Machine, _address: str) -> Aspect:
    """The aspect: for every seat, and in `others` for a seat with a section of its own. Raises HostError."""
    paths = files(host)
    if not paths and not first_of(host, ("/usr/sbin/lightdm",)):
        return not_installed("LightDM")
    last: dict[str, Assignment] = {}
    for path in paths:
        for assignment in keyfile_assignments(text_or_nothing(host, path) or "", path):
            if assignment.key == KEY and (assignment.section in EVERY_SEAT or assignment.section.startswith("Seat:")):
                last["Seat:*" if assignment.section in EVERY_SEAT else assignment.section] = assignment
    general = last.pop("Seat:*", None)
    aspect = absent("LightDM's files") if general is None else value(*_parsed(general))
    others = [
        {"who": f"[{name}] in {assignment.place}", **_other(assignment)} for name, assignment in sorted(last.items())
    ]
    others = [other for other in others if other["value"] != aspect.get("value")]
    if others:
        aspect["others"] = others[:100]
    return aspect


def _parsed(assignment: Assignment) -> tuple[bool | str, str, str]:
    parsed = BOOLEANS.get(assignment.text, assignment.text)
    return parsed, assignment.place, "bool" if isinstance(parsed, bool) else "string"


def _other(assignment: Assignment) -> dict[str, Any]:
    parsed, _place, type = _parsed(assignment)
    return {"value": parsed, "type": type}


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Our drop-in, and the main file where it says otherwise. Raises ChangeRefused, HostError."""
    if not isinstance(wanted, bool):
        raise ChangeRefused(f"{address}: the wanted value must be true or false")
    if not first_of(host, ("/usr/sbin/lightdm",)):
        raise ChangeRefused("LightDM is not installed, so there is nothing to change")
    text = "true" if wanted else "false"
    if _holds(effective(overlay, address), wanted):
        return []
    overlay.put(OURS, with_key("# Written by Leeboard\n", "Seat:*", KEY, text), mode=0o644)
    if overlay.exists(MAIN):
        for section in sorted({assignment.section for assignment in keyfile_assignments(overlay.text(MAIN), MAIN)
                               if assignment.key == KEY and assignment.section in EVERY_SEAT}):  # fmt: skip
            overlay.put(MAIN, with_key(overlay.original_text(MAIN), section, KEY, text))
    after = effective(overlay, address)
    if not _holds(after, wanted):
        where = after["others"][0]["who"] if "others" in after else after["source"]
        raise ChangeRefused(f"{where} is stronger than {OURS} and says otherwise; take it out there")
    return []  # LightDM reads its files at its start, and restarting it would end everybody's session


def _holds(aspect: Aspect, wanted: bool) -> bool:
    return aspect.get("value") is wanted and "others" not in aspect
