"""GDM's daemon file: automatic sign-in. /etc/gdm3/daemon.conf on Debian, /etc/gdm3/custom.conf on Ubuntu.

GDM reads it at its start; a value in the per-boot file /run/gdm3/custom.conf comes before it (common/gdm-settings.c),
until the next start of the machine: what counts then is looked at as well.
GDM understands true, false, 1 and 0; anything else leaves the default, which is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Machine, absent, value
from ..engine.safe_read import beside_next_start, first_of, not_installed, text_or_nothing
from ..system.inifile import keyfile_assignments, with_key

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

FILES = ("/etc/gdm3/daemon.conf", "/etc/gdm3/custom.conf", "/etc/gdm/custom.conf")
CONFFILES = "/var/lib/dpkg/info/gdm3.conffiles"  # which of them this machine's GDM came with, and so reads
PER_BOOT = ("/run/gdm3/custom.conf", "/run/gdm/custom.conf")
PROGRAMS = ("/usr/sbin/gdm3", "/usr/sbin/gdm", "/usr/bin/gdm")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def effective(host: Machine, address: str) -> Aspect:
    """The aspect of one address. Raises HostError."""
    key = address.rsplit(".", 1)[1]
    file = _file(host)
    if not file:
        return absent("GDM has no configuration file") if first_of(host, PROGRAMS) else not_installed("GDM")
    now = _first_assignment(host, (*PER_BOOT, file), key)
    return beside_next_start(now, _first_assignment(host, (file,), key), first_of(host, PER_BOOT))


def _first_assignment(host: Machine, paths: tuple[str, ...], key: str) -> Aspect:
    """The first of these files that says it. Raises HostError."""
    for path in paths:
        if not host.exists(path):
            continue
        matching = [
            assignment
            for assignment in keyfile_assignments(host.text(path), path)
            if assignment.section == "daemon" and assignment.key == key
        ]
        if matching:
            parsed = BOOLEANS.get(matching[-1].text.lower(), matching[-1].text)
            return value(parsed, matching[-1].place, "bool" if isinstance(parsed, bool) else "string")
    return absent(paths[-1])


def _file(host: Machine) -> str:
    """The file that GDM reads, or an empty text. Raises HostError where there are two and nobody says which."""
    existing = [path for path in FILES if host.exists(path)]
    if len(existing) > 1:
        own = (text_or_nothing(host, CONFFILES) or "").split()
        existing = [path for path in existing if path in own]
        if len(existing) != 1:
            raise HostError("failed", f"GDM reads one of {' and '.join(FILES[:2])}, and both are there: remove one")
    return existing[0] if existing else ""


def plan(host: Host, overlay: OverlayHost, address: str, wanted: Any) -> list[list[str]]:
    """Set the key in GDM's file in place. Raises ChangeRefused, HostError."""
    if not isinstance(wanted, bool):
        raise ChangeRefused(f"{address}: the wanted value must be true or false")
    file = _file(host)
    if not file:
        raise ChangeRefused("GDM has no configuration file here, so there is nothing to change")
    before = effective(overlay, address)
    if before.get("value") is wanted and not before.get("others"):
        return []
    key = address.rsplit(".", 1)[1]
    overlay.put(file, with_key(overlay.original_text(file), "daemon", key, "true" if wanted else "false"))
    after = effective(overlay, address)
    if after.get("value") is not wanted:
        raise ChangeRefused(f"{after['source']} comes before {file} until the next boot; repeat the roll-out after it")
    return []  # GDM reads the file at its start, and restarting it would end everybody's session
