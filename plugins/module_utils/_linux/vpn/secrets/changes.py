"""Closing what open_places.py finds: owner, mode and access list, each of the file that was looked at. No content.

Left alone and named is what others than root could lead a change astray at, what has several names (hard links), what
lies on a file system that is not this machine's own or lets nothing be changed, and what an account of a program may
need: an OpenVPN that gave its rights up reads its key again as that account.
"""

from __future__ import annotations

import os
import stat

from ...engine.edits import ChangeRefused, DryRun, PermissionEdit, Permissions
from ...engine.host import Host, HostError
from ...system import access_list
from ...system.mounts import MOUNTINFO, holder, mounted
from ...system.people import FIRST_ORDINARY, LAST_ORDINARY, accounts, names
from ...system.root_only_path import guarded
from .files import FOLDERS
from .open_places import CONFIGURATION, KEY_FOLDER, REPLACEABLE, OpenPlace, find

OTHERS_MAY_WRITE = 0o022
# File systems that keep owners and modes, and are nobody else's.
LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "zfs", "bcachefs", "tmpfs", "overlay")
# What lies here is a VPN's, or written by what makes its configuration; a key elsewhere may be another program's too.
ITS_OWN = (*FOLDERS, "/etc/netplan", "/etc/systemd/network", "/etc/ipsec.secrets", "/etc/xl2tpd", "/run", "/usr/lib")
ADVICE = "move what belongs to the VPN into a folder of root's own, and name it there"


class _Left(Exception):
    """Why one place is left alone."""


def plan(host: Host) -> DryRun:
    """What can be closed, folders before what lies in them. Raises ChangeRefused where nothing can, HostError."""
    edits: dict[str, PermissionEdit] = {}
    left: dict[str, str] = {}
    for place in _folders_first(host, find(host)):
        try:
            edit, remark = _edit(host, place, edits)
        except (_Left, ChangeRefused) as problem:
            left[place.path] = str(problem)
            continue
        if edit:
            edits.setdefault(edit.path, edit)
        if remark:
            left[place.path] = remark
    if left and not edits:
        raise ChangeRefused("; ".join(left.values()))
    done = DryRun(list(edits.values()))
    done.warnings = list(left.values())
    return done


def _folders_first(host: Host, places: list[OpenPlace]) -> list[OpenPlace]:
    """A folder in which others could exchange a file stands for that file; once it is closed the file is, too."""
    asked: dict[str, OpenPlace] = {}
    # A folder of keys is closed to everybody, whatever else stands for it.
    for place in sorted(places, key=lambda one: one.kind != KEY_FOLDER):
        asked.setdefault(place.folder or place.path, place)
    return [asked[path] for path in sorted(asked, key=lambda path: (not _is_folder(host, path), path))]


def _is_folder(host: Host, path: str) -> bool:
    try:
        return stat.S_ISDIR(host.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _edit(host: Host, place: OpenPlace, closed: dict[str, PermissionEdit]) -> tuple[PermissionEdit | None, str]:
    """(what is done about one place, what is left to say of it). Raises _Left, ChangeRefused, HostError."""
    path = place.folder or place.path
    target = guarded(host, path, ADVICE, closed)
    try:
        status = host.stat(target)
    except FileNotFoundError:
        return None, ""  # it went away
    _refuse(host, path, target, status)
    before = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    own = access_list.own_group(host, target)
    # In a list the group's bits are its mask, which its own group may not have.
    mode = before[0] if own is None else before[0] & ~0o070 | own << 3
    after, remark = _closed(host, place, target, (mode, *before[1:]))
    content = host.access_list(target)
    who = [one for one in access_list.named(host, target) if one.rights and _of_a_program(host, one)]
    if who:
        raise _Left(f"{path}: an access list lets an account of a program in ({who[0].number}), which may need it")
    lists = (content, b"") if content else None
    if after == before and lists is None:
        return None, remark
    return PermissionEdit(target, before, after, lists, (status.st_dev, status.st_ino)), remark


def _closed(host: Host, place: OpenPlace, target: str, now: Permissions) -> tuple[Permissions, str]:
    """(mode, owner and group that a place gets, what is left to say). `now` is what it has, without a list."""
    mode, uid, gid = now
    group = _number(host, place.group)
    if place.kind == KEY_FOLDER:
        return (mode & 0o700 | 0o500, 0, 0), ""
    program = _program(host, uid, gid if mode & 0o060 and gid != group else 0)
    if place.kind in (CONFIGURATION, REPLACEABLE):
        if program:
            return (mode & ~0o002, uid, gid), _says(place.path, program)
        return (mode & ~OTHERS_MAY_WRITE, 0, gid), ""
    if program:
        return (mode & ~0o007, uid, gid), _says(place.path, program)
    if mode & 0o060 and gid not in (0, group) and not target.startswith(tuple(f"{one}/" for one in ITS_OWN)):
        raise _Left(f"{place.path} lies at {target}, and other programs may read it there by its group; {ADVICE}")
    if group is not None:
        return (mode & 0o640 | 0o440, 0, group), ""
    return (mode & 0o600 | 0o400, 0, 0), ""


def _says(path: str, program: str) -> str:
    return f"{path} belongs to {program}, an account of a program, which may read it again while it runs; {ADVICE}"


def _refuse(host: Host, path: str, target: str, status: os.stat_result) -> None:
    """Raises _Left for what is nothing to set a mode on, HostError."""
    if not stat.S_ISDIR(status.st_mode):
        if not stat.S_ISREG(status.st_mode):
            raise _Left(f"{path} is neither a file nor a folder")
        if status.st_nlink > 1:
            raise _Left(f"{path} has {status.st_nlink} names (hard links), and only one is known; make it a file alone")
    elif not target.startswith("/etc/"):
        raise _Left(f"{path} is no folder below /etc, so others may need it as it is; {ADVICE}")
    if host.exists(MOUNTINFO):
        mount = holder(mounted(host), target)
        if mount is None or mount.fstype not in LOCAL:
            kind = mount.fstype if mount else "unknown"
            raise _Left(f"{path} lies on a file system that is not this machine's own ({kind}); {ADVICE}")
    if host.is_root and not os.access(host.path(target), os.W_OK):
        raise _Left(
            f"{path} lies where nothing may be changed: it is mounted read-only, or chattr +i keeps it as it is"
        )


def _program(host: Host, uid: int, gid: int) -> str:
    """The name of an account that a program runs as, and that owns a file; empty for root, and for people."""
    groups = names(host, "/etc/group")
    for account in accounts(host):
        if not account.uid or FIRST_ORDINARY <= account.uid <= LAST_ORDINARY:
            continue
        # The group of one program alone has its name: root:openvpn. Others (staff, users) are people's.
        of_its_group = gid and account.gid == gid and groups.get(gid) == account.name
        if account.uid == uid or of_its_group:
            return account.name
    return ""


def _of_a_program(host: Host, entry: access_list.Entry) -> bool:
    return bool(_program(host, 0, entry.number) if entry.is_group else _program(host, entry.number, 0))


def _number(host: Host, group: str) -> int | None:
    """The number of a group that may read a key; None where there is no such group."""
    if not group:
        return None
    try:
        return next((at for at, name in names(host, "/etc/group").items() if name == group), None)
    except HostError:
        return None
