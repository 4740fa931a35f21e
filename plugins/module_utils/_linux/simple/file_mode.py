"""Owner and permission bits of files below /etc, and of what belongs to auditd.

Addresses: an absolute path below /etc (str, "root:root 0644": owner:group and octal mode, numbers where a name is
unknown; absent when it is missing); `/etc/profile.d/*.sh` (list of "path owner:group mode" of those that others than
root could change: [] when all is well); `audit-logs`, `audit-configuration` and `audit-tools` (list, likewise, of what
is open to more people than audit/places.py allows; absent where auditd is not installed). A symbolic link is followed,
and the source says so.

A change sets owner and mode where the file lies; its content is not touched, so a log may be written to meanwhile.
"""

from __future__ import annotations

import os
import re
import stat
from functools import partial

from ..audit import places as audit_places
from ..engine.edits import Change, ChangeRefused, DryRun, PermissionEdit, Permissions
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, absent, reading, value
from ..engine.safe_read import not_installed, number, read_each
from ..system.people import names, owner_and_mode

NAME = "file_mode"
START_FILES = "/etc/profile.d/*.sh"
ADDRESSES = re.compile(
    rf"\A(?:{'|'.join(audit_places.ADDRESSES)}|"
    r"/etc/profile\.d/\*\.sh|(?!.*/\.{1,2}(?:/|\Z))/etc/(?:[A-Za-z0-9._@+-]+/)*[A-Za-z0-9._@+-]+)\Z"
)
WANTED = re.compile(r"\A([a-z0-9_][a-z0-9_-]{0,31}):([a-z0-9_][a-z0-9_-]{0,31}) (0?[0-7]{3,4})\Z")
OTHERS_MAY_WRITE = 0o022


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    if address == START_FILES:
        open_files = [f"{path} {owner_and_mode(host, host.stat(path))}" for path in _unsafe_start_files(host)]
        return reading(NAME, address, value(open_files, "/etc/profile.d", "list"))
    if address in audit_places.ADDRESSES:
        places = audit_places.places(host, address)
        if places is None:
            return reading(NAME, address, not_installed("auditd"))
        open_files = [
            ", ".join([f"{path} {owner_and_mode(host, status)}", *others])
            for path, status, _after, others in _too_open(host, places)
        ]
        return reading(NAME, address, value(open_files, audit_places.SOURCES[address], "list"))
    leads = host.link(address)
    source = address if leads is None else f"{address}, a symbolic link to {leads}"
    try:
        status = host.stat(address)
    except FileNotFoundError:
        return reading(NAME, address, absent(source if leads is None else f"{source}, which is missing"))
    return reading(NAME, address, value(owner_and_mode(host, status), source, "string"))


def _unsafe_start_files(host: Host) -> list[str]:
    unsafe = []
    for name in host.entries("/etc/profile.d"):
        path = f"/etc/profile.d/{name}"
        if not name.endswith(".sh"):
            continue
        try:
            status = host.stat(path)
        except FileNotFoundError:
            continue  # a broken link: the shell reads nothing there
        if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & OTHERS_MAY_WRITE:
            unsafe.append(path)
    return unsafe


def _too_open(
    host: Host, places: list[tuple[str, int, tuple[str, ...]]]
) -> list[tuple[str, os.stat_result, Permissions, list[str]]]:
    """(path, status, (mode, uid, gid) as it should be, who has more by an access list) of the places that are open to
    more people than allowed."""
    groups = names(host, "/etc/group")
    open_files = []
    for path, most, allowed in places:
        try:
            status = host.stat(path)
        except FileNotFoundError:
            continue  # rotated away at this moment
        group = groups.get(status.st_gid, str(status.st_gid))
        others = audit_places.others(host, path, most, allowed, groups)
        if others or audit_places.too_open(status, most, allowed, group):
            # Root's group in place of one that may not have rights there; auditd gives its logs to log_group again.
            gid = status.st_gid if group in allowed else 0
            open_files.append((path, status, (stat.S_IMODE(status.st_mode) & most, 0, gid), others))
    return open_files


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Set owner and mode; contents stay. Raises ChangeRefused for folders, missing files and unknown names."""
    edits: dict[str, PermissionEdit] = {}
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        if address == START_FILES or address in audit_places.ADDRESSES:
            if wanted != []:
                raise ChangeRefused(f"the only value that can be written for {address} is the empty list")
            for path, after in _closed(host, address):
                _plan(host, edits, path, after)
            continue
        matched = WANTED.match(wanted) if isinstance(wanted, str) else None
        if not matched:
            raise ChangeRefused(f"{address}: the wanted value must look like 'root:root 0644', not {wanted!r}")
        owner = _number_of(host, "/etc/passwd", matched.group(1)), _number_of(host, "/etc/group", matched.group(2))
        _plan(host, edits, address, (int(matched.group(3), 8), *owner), folders=False)
    return DryRun([edits[path] for path in sorted(edits)])


def _closed(host: Host, address: str) -> list[tuple[str, Permissions]]:
    """(path, (mode, uid, gid)) of what a list address names, as it should be."""
    if address == START_FILES:
        modes = [(path, stat.S_IMODE(host.stat(path).st_mode)) for path in _unsafe_start_files(host)]
        return [(path, (mode & ~OTHERS_MAY_WRITE, 0, 0)) for path, mode in modes]
    places = audit_places.places(host, address)
    if places is None:
        raise ChangeRefused("auditd is not installed, so there is nothing to change; install the package auditd first")
    open_files = _too_open(host, places)
    for path, _status, _after, others in open_files:
        if others:
            raise ChangeRefused(f"{path}: {others[0]}; look who needs that, and take it away with setfacl -b {path}")
    return [(path, after) for path, _status, after, _others in open_files]


def _plan(host: Host, edits: dict[str, PermissionEdit], path: str, after: Permissions, folders: bool = True) -> None:
    from ..engine.overlay_host import editable  # a check does without

    target = editable(host, path)
    try:
        status = host.stat(target)
    except FileNotFoundError:
        raise ChangeRefused(f"{path} is missing, so there is nothing to set an owner and a mode on") from None
    except HostError as problem:
        raise ChangeRefused(f"{path} cannot be changed: {problem.why}") from None
    if not stat.S_ISREG(status.st_mode) and not (folders and stat.S_ISDIR(status.st_mode)):
        raise ChangeRefused(f"{path} cannot be changed: it is no regular file")
    edits[target] = PermissionEdit(target, (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), after)


def _number_of(host: Host, path: str, name: str) -> int:
    by_name = {other: at for at, other in names(host, path).items()}
    known_number = by_name.get(name, number(name))
    if known_number is None:
        raise ChangeRefused(f"{path} knows no {name}")
    return known_number
