"""Access lists of files (setfacl): rights of single people and groups, which owner, group and mode do not show."""

from __future__ import annotations

import struct

USER, GROUP, MASK = 0x02, 0x08, 0x10
WORDS = ((4, "read"), (2, "change"), (1, "run or enter"))


class Entry:
    """What one more person or group (`number`) may do: `rights` as bits, with the list's mask taken off."""

    def __init__(self, is_group: bool, number: int, rights: int) -> None:
        self.is_group = is_group
        self.number = number
        self.rights = rights

    @property
    def words(self) -> str:
        """What may be done, in words."""
        return " and ".join(word for bit, word in WORDS if self.rights & bit)


def named(content: bytes) -> list:
    """The entries for single people and groups of a list as the kernel keeps it (posix_acl_xattr.h, version 2)."""
    found, mask = [], 7
    for tag, rights, number in struct.iter_unpack("<HHI", content[4 : 4 + (len(content) - 4) // 8 * 8]):
        if tag == MASK:
            mask = rights
        elif tag in (USER, GROUP):
            found.append(Entry(tag == GROUP, number, rights))
    return [Entry(one.is_group, one.number, one.rights & mask) for one in found]
