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

from ..engine.edits import Change, ChangeRefused, PermissionEdit, Rehearsal
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
    found = value(" / ".join(lines), where, "string")
    return reading(NAME, "label", found, dict(found))


def _open(host: Host) -> Reading:
    if not host.exists(FILE):
        return reading(NAME, "open-to-others", absent(FILE))
    said = [f"{path} {owner_and_mode(host, found)}" for path, found in _changeable(host)]
    return reading(NAME, "open-to-others", value(said, FILE, "list"))


def _changeable(host: Host) -> list[tuple[str, os.stat_result]]:
    """(path, its status) of the file and of each folder above it that others than root may write to. Raises HostError.

    A link in the place of the file is followed. In a folder with the sticky bit nobody replaces what is root's.
    """
    parts = host.real(FILE).split("/")
    paths = ["/".join(parts[:count]) for count in range(len(parts), 1, -1)]
    found = []
    for path in paths:
        try:
            status = host.stat(path)
        except FileNotFoundError:
            continue  # a link that leads nowhere: the label itself is absent then
        sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or (status.st_mode & OTHERS_MAY_WRITE and not sticky):
            found.append((path, status))
    return found


def rehearse(host: Host, changes: list[Change]) -> Rehearsal:
    """Write the label into its file, which everybody may read and root alone may write. Raises ChangeRefused."""
    from ..engine.planned import Planned  # a check does without

    planned = Planned(host)
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
        planned.put(FILE, wanted.strip() + "\n", mode=0o644, owner=(0, 0))
    rehearsal = planned.rehearsal()
    rehearsal.edits += permissions
    return rehearsal


def _closed(host: Host, wanted: Any, written: bool) -> list[PermissionEdit]:
    """Edits that give the file (unless it is `written` anew) and its folder to root alone. Raises ChangeRefused."""
    if wanted != []:
        raise ChangeRefused("the only value that can be written for open-to-others is the empty list")
    edits = []
    for path, found in _changeable(host):
        if path not in (FILE, FOLDER):
            raise ChangeRefused(
                f"{path}, which {FILE} depends on, is not Leeboard's; let root alone write to it by hand"
            )
        mode = stat.S_IMODE(found.st_mode)
        if path != FILE or not written:
            edits.append(
                PermissionEdit(path, (mode, found.st_uid, found.st_gid), (mode & ~OTHERS_MAY_WRITE, 0, found.st_gid))
            )
    return edits
