"""The device's label: /etc/leeboard/label, which says how sensitive its data are, and who could change it.

Addresses:
    label            str, all that stands in the file, lines joined by " / ", empty ones left out: it holds one label
                     and a second one contradicts it. What is configured is what is effective: nothing loads the file
    open-to-others   list of "path owner:group mode" of the file and the folders above it that somebody but root may
                     write to, [] when all is well; absent without a label
"""

from __future__ import annotations

import os
import re
import stat
from typing import Any

from ..engine.edits import Change, ChangeRefused, DryRun, PermissionEdit
from ..engine.host import Host
from ..engine.reading import Reading, Readings, absent, reading, value
from ..engine.safe_read import read_each
from ..system.people import owner_and_mode

NAME = "device_label"
ADDRESSES = re.compile(r"\A(?:label|open-to-others)\Z")
FOLDER = "/etc/leeboard"
FILE = f"{FOLDER}/label"
LONGEST = 200  # characters
OTHERS_MAY_WRITE = 0o022


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    readers = {"label": _label, "open-to-others": _open}
    return read_each(NAME, ADDRESSES, addresses, lambda address: readers[address](host))


def _label(host: Host) -> Reading:
    try:
        text = host.text(FILE)
    except FileNotFoundError:
        return reading(NAME, "label", absent(FILE), absent(FILE))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    where = FILE if len(lines) < 2 else f"{FILE}, {len(lines)} lines where one label belongs"
    aspect = value(" / ".join(lines), where, "string")
    return reading(NAME, "label", aspect, dict(aspect))


def _open(host: Host) -> Reading:
    if not host.exists(FILE):
        return reading(NAME, "open-to-others", absent(FILE))
    places = [f"{path} {owner_and_mode(host, status)}" for path, status in _changeable(host)]
    return reading(NAME, "open-to-others", value(places, FILE, "list"))


def _changeable(host: Host) -> list[tuple[str, os.stat_result]]:
    """(path, its status) of the file and of each folder above it that others than root may write to. Raises HostError.

    A link in the place of the file is followed. In a folder with the sticky bit nobody replaces what is root's.
    """
    parts = host.real(FILE).split("/")
    paths = ["/".join(parts[:count]) for count in range(len(parts), 1, -1)]
    open_paths = []
    for path in paths:
        try:
            status = host.stat(path)
        except FileNotFoundError:
            continue  # a link that leads nowhere: the label itself is absent then
        sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or (status.st_mode & OTHERS_MAY_WRITE and not sticky):
            open_paths.append((path, status))
    return open_paths


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Write the label into its file, which everybody may read and root alone may write. Raises ChangeRefused."""
    from ..engine.overlay_host import OverlayHost  # a check does without

    overlay = OverlayHost(host)
    permissions: list[PermissionEdit] = []
    written = {change["address"] for change in changes}
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        if address == "open-to-others":
            permissions = _closed(host, wanted, "label" in written)
            continue
        if not isinstance(wanted, str) or not wanted.strip() or len(wanted) > LONGEST or not wanted.isprintable():
            raise ChangeRefused(f"a label is one line of 1 to {LONGEST} printable characters")
        overlay.put(FILE, wanted.strip() + "\n", mode=0o644, owner=(0, 0))
    result = overlay.result()
    result.edits += permissions
    return result


def _closed(host: Host, wanted: Any, written: bool) -> list[PermissionEdit]:
    """Edits that give the file (unless it is `written` anew) and its folder to root alone. Raises ChangeRefused."""
    if wanted != []:
        raise ChangeRefused("the only value that can be written for open-to-others is the empty list")
    edits = []
    for path, status in _changeable(host):
        if path not in (FILE, FOLDER):
            raise ChangeRefused(
                f"{path}, which {FILE} depends on, is not Leeboard's; let root alone write to it by hand"
            )
        mode = stat.S_IMODE(status.st_mode)
        if path != FILE or not written:
            edits.append(
                PermissionEdit(path, (mode, status.st_uid, status.st_gid), (mode & ~OTHERS_MAY_WRITE, 0, status.st_gid))
            )
    return edits
