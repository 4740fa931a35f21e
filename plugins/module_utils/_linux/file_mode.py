"""Owner and permission bits of files below /etc.

Addresses: an absolute path below /etc (str, "root:root 0644": owner:group and octal mode, numbers where a name is
unknown; absent when it is missing), and `/etc/profile.d/*.sh` (list of "path owner:group mode" of those that others
than root could change: [] when all is well). A symbolic link is followed, and the source says so.
"""

from __future__ import annotations

import re
import stat

from .attempt import attempt, foreign, number
from .change import ChangeRefused
from .host import HostError
from .people import names
from .planned import Planned
from .reading import absent, reading, value

NAME = "file_mode"
START_FILES = "/etc/profile.d/*.sh"
ADDRESSES = re.compile(
    r"\A(?:/etc/profile\.d/\*\.sh|(?!.*/\.{1,2}(?:/|\Z))/etc/(?:[A-Za-z0-9._@+-]+/)*[A-Za-z0-9._@+-]+)\Z"
)
WANTED = re.compile(r"\A([a-z0-9_][a-z0-9_-]{0,31}):([a-z0-9_][a-z0-9_-]{0,31}) (0?[0-7]{3,4})\Z")
OTHERS_MAY_WRITE = 0o022


def observe(host, addresses: list) -> dict:
    """A reading for each address; nothing is raised for a bad machine."""
    return {
        address: attempt(NAME, address, lambda address=address: _read(host, address))
        if ADDRESSES.match(address)
        else foreign(NAME, address)
        for address in addresses
    }


def _read(host, address: str) -> dict:
    if address == START_FILES:
        found = [f"{path} {_said(host, host.stat(path))}" for path in _unsafe_start_files(host)]
        return reading(NAME, address, value(found, "/etc/profile.d", "list"))
    leads = host.link(address)
    source = address if leads is None else f"{address}, a symbolic link to {leads}"
    try:
        found = host.stat(address)
    except FileNotFoundError:
        return reading(NAME, address, absent(source if leads is None else f"{source}, which is missing"))
    return reading(NAME, address, value(_said(host, found), source, "string"))


def _said(host, found) -> str:
    owner = names(host, "/etc/passwd").get(found.st_uid, str(found.st_uid))
    group = names(host, "/etc/group").get(found.st_gid, str(found.st_gid))
    return f"{owner}:{group} {stat.S_IMODE(found.st_mode):04o}"


def _unsafe_start_files(host) -> list:
    unsafe = []
    for name in host.entries("/etc/profile.d"):
        path = f"/etc/profile.d/{name}"
        if not name.endswith(".sh"):
            continue
        try:
            found = host.stat(path)
        except FileNotFoundError:
            continue  # a broken link: the shell reads nothing there
        if found.st_uid != 0 or stat.S_IMODE(found.st_mode) & OTHERS_MAY_WRITE:
            unsafe.append(path)
    return unsafe


def rehearse(host, changes: list):
    """Set owner and mode; contents stay. Raises ChangeRefused for folders, missing files and unknown names."""
    planned = Planned(host)
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        if address == START_FILES:
            if wanted != []:
                raise ChangeRefused(f"the only value that can be written for {START_FILES} is the empty list")
            for path in _unsafe_start_files(host):
                found = host.stat(path)
                _plan(host, planned, path, (0, 0), stat.S_IMODE(found.st_mode) & ~OTHERS_MAY_WRITE)
            continue
        matched = WANTED.match(wanted) if isinstance(wanted, str) else None
        if not matched:
            raise ChangeRefused(f"{address}: the wanted value must look like 'root:root 0644', not {wanted!r}")
        owner = _number_of(host, "/etc/passwd", matched.group(1)), _number_of(host, "/etc/group", matched.group(2))
        _plan(host, planned, address, owner, int(matched.group(3), 8))
    return planned.rehearsal()


def _plan(host, planned: Planned, path: str, owner: tuple, mode: int) -> None:
    try:
        content = host.read(path)
    except FileNotFoundError:
        raise ChangeRefused(f"{path} is missing, so there is nothing to set an owner and a mode on") from None
    except HostError as problem:
        raise ChangeRefused(f"{path} cannot be changed: {problem.why}") from None
    planned.put_bytes(path, content, mode=mode, owner=owner)


def _number_of(host, path: str, name: str) -> int:
    known = {said: key for key, said in names(host, path).items()}
    found = known.get(name, number(name))
    if found is None:
        raise ChangeRefused(f"{path} knows no {name}")
    return found
