"""Access lists of files (setfacl): rights of single people and groups, which owner, group and mode do not show."""

from __future__ import annotations

import struct

from ..engine.host import Host, HostError

VERSION, USER, OWN_GROUP, GROUP, MASK = 2, 0x02, 0x04, 0x08, 0x10
WORDS = ((4, "read"), (2, "change"), (1, "run or enter"))


class Entry:
    """What one more person or group (`number`) may do: `rights` as bits, with the list's mask taken off."""

    def __init__(self, is_group: bool, number: int, rights: int) -> None:
        self.is_group = is_group
        self.number = number
        self.rights = rights

    @property
    def text(self) -> str:
        """What may be done, in words."""
        return " and ".join(word for bit, word in WORDS if self.rights & bit)


def named(host: Host, path: str) -> list[Entry]:
    """The entries for single people and groups in a file's list, as posix_acl_xattr.h has it. Raises HostError."""
    entries, mask = _entries(host, path)
    return [Entry(tag == GROUP, number, rights & mask) for tag, rights, number in entries if tag in (USER, GROUP)]


def own_group(host: Host, path: str) -> int | None:
    """What the file's own group may do, as bits: in a list its mode shows the mask instead. None without a list.

    Raises HostError.
    """
    entries, mask = _entries(host, path)
    return next((rights & mask for tag, rights, _number in entries if tag == OWN_GROUP), None)


def _entries(host: Host, path: str) -> tuple[list[tuple[int, int, int]], int]:
    """([(tag, rights, number), ...], mask) of a file's list. Raises HostError."""
    content = host.access_list(path)
    if not content:
        return [], 7
    if len(content) < 4 or (len(content) - 4) % 8 or struct.unpack_from("<I", content)[0] != VERSION:
        raise HostError("malformed", f"the access list of {path} makes no sense")
    entries = [(tag, rights, number) for tag, rights, number in struct.iter_unpack("<HHI", content[4:])]
    return entries, next((rights for tag, rights, _number in entries if tag == MASK), 7)
