"""Keys, passwords and configurations of VPNs that others than root could read or change.

A key counts as kept when the file itself is closed, or when a folder above it that is root's lets nobody else in. Of a
configuration only changing counts. An access list (setfacl) counts too: the kernel shows its widest entry as the
group's bits, so it is looked at where a group has rights.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ...engine.host import Host
from ...system import access_list
from ...system.people import names, owner_and_mode
from . import files as secrets

READ_OR_WRITE, WRITE = 6, 2
# Where VPN programs have their configurations; a machine without any of these has none.
PROGRAMS = (
    *(folder for folder in secrets.FOLDERS if folder != "/etc/NetworkManager"), "/etc/strongswan.conf",
    "/etc/strongswan.d", "/etc/ipsec.conf", "/etc/xl2tpd",
)  # fmt: skip
KEY, KEY_FOLDER, CONFIGURATION, REPLACEABLE = "key", "key folder", "configuration", "replaceable"


class OpenPlace(NamedTuple):
    """What is open: `path` as it is named, `text` as a reading has it, and `kind`, one of the four above.

    `group` may read a key. `folder` is where others could put another file in the place of one that is REPLACEABLE.
    """

    path: str
    text: str
    kind: str
    group: str = ""
    folder: str = ""


def find(host: Host) -> list[OpenPlace]:
    """All of them, in the order of their texts. Raises HostError."""
    found: dict[str, OpenPlace | None] = {path: _key_folder(host, path) for path in secrets.CLOSED_FOLDERS}
    for path, group in secrets.files(host):
        found[path] = _key(host, path, group)
    copies: dict[str, OpenPlace | None] = {}

    def may_hold(path: str) -> bool:
        """What is closed is not read."""
        copies[path] = None if path in found else _key(host, path, "")
        return copies[path] is not None

    for path in secrets.copied(host, may_hold):
        found[path] = copies[path]
    if any(host.exists(path) for path in PROGRAMS):
        from . import configurations  # only where a VPN program has something

        for path in configurations.places(host):
            if not found.get(path):
                found[path] = _configuration(host, path)
    return sorted((place for place in found.values() if place), key=lambda place: place.text)


def _key_folder(host: Host, path: str) -> OpenPlace | None:
    status = _status(host, path)
    if status is None or (status.st_uid == 0 and not stat.S_IMODE(status.st_mode) & 0o077):
        return None
    return OpenPlace(path, _description(host, path, status), KEY_FOLDER)


def _key(host: Host, path: str, group: str) -> OpenPlace | None:
    """What is open of a file; `group` may read it."""
    status = _status(host, path)
    if status is None or stat.S_ISDIR(status.st_mode):
        return None
    mode = stat.S_IMODE(status.st_mode)
    others = ""
    if group and names(host, "/etc/group").get(status.st_gid) == group:
        others = _by_access_list(host, path, READ_OR_WRITE)
        mode &= ~0o040 if not others else 0o777
    if _shielded(host, path):
        return None
    if status.st_uid == 0 and not mode & 0o077:
        folder = _changeable_folder(host, path)
        text = f"{path}, which can be replaced in {folder}"
        return OpenPlace(path, text, REPLACEABLE, group, folder) if folder else None
    return OpenPlace(path, _description(host, path, status), KEY, group)


def _configuration(host: Host, path: str) -> OpenPlace | None:
    status = _status(host, path)
    # Links to /dev/null are how something is switched off.
    if status is None or not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return None
    if not changed_by_others(host, path, status):
        return None
    return OpenPlace(path, _description(host, path, status), CONFIGURATION)


def _status(host: Host, path: str) -> os.stat_result | None:
    try:
        return host.stat(path)
    except FileNotFoundError:
        return None  # a broken link, or it went away


def changed_by_others(host: Host, path: str, status: os.stat_result) -> bool:
    """Whether somebody but root may write to a file or folder. Raises HostError."""
    mode = status.st_mode
    if status.st_uid != 0 or mode & stat.S_IWOTH:
        return True
    by_group = bool(mode & stat.S_IWGRP)
    return by_group and (status.st_gid != 0 or bool(_by_access_list(host, path, WRITE)))


def _description(host: Host, path: str, status: os.stat_result) -> str:
    return f"{path} {owner_and_mode(host, status)}{_by_access_list(host, path, READ_OR_WRITE)}"


def _above(host: Host, path: str) -> Iterator[tuple[str, os.stat_result]]:
    """(folder, its os.stat) of each folder above the place where a file really lies, the nearest first."""
    above = os.path.dirname(host.link(path) or path)
    while above not in ("", "/"):
        status = _status(host, above)
        if status is None:
            return
        yield above, status
        above = os.path.dirname(above)


def _shielded(host: Host, path: str) -> bool:
    """True when a folder above is root's and lets in nobody else. An access list would show in the group's bits."""
    return any(
        status.st_uid == 0 and not stat.S_IMODE(status.st_mode) & 0o077 for _folder, status in _above(host, path)
    )


def _changeable_folder(host: Host, path: str) -> str:
    """A folder above in which somebody but root could put another file in this one's place, else an empty text."""
    for folder, status in _above(host, path):
        kept = status.st_uid == 0 and status.st_mode & stat.S_ISVTX
        if not kept and changed_by_others(host, folder, status):
            return folder
    return ""


def _by_access_list(host: Host, path: str, rights: int) -> str:
    """Text for the users and groups that an access list lets in besides; empty for none. Raises HostError."""
    people, groups = names(host, "/etc/passwd"), names(host, "/etc/group")
    others = [
        f"group {groups.get(one.number, one.number)}" if one.is_group else f"user {people.get(one.number, one.number)}"
        for one in access_list.named(host, path)
        if one.rights & rights
    ]
    return f", and by access list {', '.join(others[:5])}" if others else ""
