"""Access lists of files (setfacl): rights of single people and groups, which owner, group and mode do not show."""

from __future__ import annotations

import struct

from ..engine.host import Host, HostError

VERSION, USER, GROUP, MASK = 2, 0x02, 0x08, 0x10
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
    content = host.access_list(path)
    if not content:
        return []
    if len(content) < 4 or (len(content) - 4) % 8 or struct.unpack_from("<I", content)[0] != VERSION:
        raise HostError("malformed", f"the access list of {path} makes no sense")
    entries: list[Entry] = []
    mask = 7
    for tag, rights, number in struct.iter_unpack("<HHI", content[4:]):
        if tag == MASK:
            mask = rights
        elif tag in (USER, GROUP):
            entries.append(Entry(tag == GROUP, number, rights))
    return [Entry(entry.is_group, entry.number, entry.rights & mask) for entry in entries]
