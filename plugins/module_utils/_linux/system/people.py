"""The accounts of a machine as /etc/passwd and /etc/group have them, without asking a directory service."""

from __future__ import annotations

import os
import stat

from ..engine.host import Host, HostError
from ..engine.reading import Machine
from ..engine.safe_read import number

FIRST_ORDINARY, LAST_ORDINARY = 1000, 59999  # Debian's range for people; 65534 is nobody
NO_LOGIN = ("nologin", "false", "true", "sync")


class Account:
    """One line of /etc/passwd: `name`, `password` (the field itself), `uid`, `gid`, `shell` (never empty)."""

    def __init__(self, name: str, password: str, uid: int, gid: int, shell: str) -> None:
        self.name = name
        self.password = password
        self.uid = uid
        self.gid = gid
        self.shell = shell

    @property
    def ordinary(self) -> bool:
        """True for a person who can sign in with a shell."""
        return FIRST_ORDINARY <= self.uid <= LAST_ORDINARY and self.shell.rsplit("/", 1)[-1] not in NO_LOGIN


def accounts(host: Host) -> list[Account]:
    """All accounts. Raises HostError when /etc/passwd cannot be read, is missing or holds no account."""
    try:
        text = host.text("/etc/passwd")
    except FileNotFoundError:
        raise HostError("malformed", "/etc/passwd is missing") from None
    parsed = []
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) != 7:
            continue
        uid, gid = number(fields[2]), number(fields[3])
        if uid is not None and gid is not None:
            parsed.append(Account(fields[0], fields[1], uid, gid, fields[6].strip() or "/bin/sh"))
    if not parsed:
        raise HostError("malformed", "/etc/passwd holds no account")
    return parsed


def password_fields(host: Host) -> dict[str, str]:
    """The field of each account's password, by name, which says whether it is empty or locked and is never shown.

    Raises HostError.
    """
    known = accounts(host)
    # "x" sends the reader to /etc/shadow; anything else in /etc/passwd is itself the password.
    shadowed: dict[str, str] = {}
    if any(account.password == "x" for account in known):  # noqa: S105 - a marker, not a password
        try:
            text = host.text("/etc/shadow")
        except FileNotFoundError:
            raise HostError("malformed", "/etc/passwd refers to /etc/shadow, which is missing") from None
        for line in text.split("\n"):
            fields = line.split(":")
            if len(fields) > 1:
                shadowed.setdefault(fields[0], fields[1])
    # An account that /etc/shadow does not know has no usable password.
    return {
        account.name: shadowed.get(account.name, "!") if account.password == "x" else account.password  # noqa: S105
        for account in reversed(known)
    }


def names(host: Machine, path: str) -> dict[int, str]:
    """Names by number from /etc/passwd or /etc/group; 0 is root in any case, and the first line of a number counts."""
    by_number: dict[int, str] = {}
    try:
        text = host.text(path)
    except FileNotFoundError:
        text = ""
    for line in text.split("\n"):
        fields = line.split(":")
        at = number(fields[2]) if len(fields) > 2 else None
        if at is not None:
            by_number.setdefault(at, fields[0])
    by_number.setdefault(0, "root")
    return by_number


def owner_and_mode(host: Host, status: os.stat_result) -> str:
    """A file's status as "owner:group mode", numbers where a name is not known. Raises HostError."""
    owner = names(host, "/etc/passwd").get(status.st_uid, str(status.st_uid))
    group = names(host, "/etc/group").get(status.st_gid, str(status.st_gid))
    return f"{owner}:{group} {stat.S_IMODE(status.st_mode):04o}"


class Group:
    """One line of /etc/group: `name`, `gid` (None where it is no number), `members` (the names that are listed)."""

    def __init__(self, name: str, gid: int | None, members: list[str]) -> None:
        self.name = name
        self.gid = gid
        self.members = members


def groups(host: Host) -> list[Group]:
    """All groups; a missing /etc/group has none. Raises HostError."""
    try:
        text = host.text("/etc/group")
    except FileNotFoundError:
        return []
    lines = [line.split(":") for line in text.split("\n")]
    return [
        Group(fields[0], number(fields[2]), [name for name in fields[3].strip().split(",") if name])
        for fields in lines
        if len(fields) == 4
    ]


def members(host: Host, group: str) -> list[str]:
    """The names listed in a group of /etc/group; an unknown group has none."""
    return next((entry.members for entry in groups(host) if entry.name == group), [])
