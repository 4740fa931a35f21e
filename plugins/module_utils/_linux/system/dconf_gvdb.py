"""GVDB, the binary format of dconf databases, read without trusting a byte of it.

A user can put anything into his own database, so every offset is checked, and a lookup goes the way of GLib's own
(hash, bucket, chain of parents): what GLib would not find, this does not find. Format: gvdb/gvdb-format.h of dconf.
"""

from __future__ import annotations

import struct

from .dconf_variant import Typed, decode

HEADER = struct.Struct("<8sIIII")  # signature, version, options, root's start and end
ITEM = struct.Struct("<IIIHcxII")  # hash, parent, key's start and size, type, value's start and end
Item = tuple[int, int, int, int, bytes, int, int]
NO_PARENT = 0xFFFFFFFF


class Malformed(ValueError):
    """The bytes are not a GVDB file: dconf ignores such a database."""


class Gvdb:
    """One hash table of a GVDB file."""

    def __init__(self, data: bytes, pointer: tuple[int, int] | None = None, big_endian: bool = False) -> None:
        self._data = data
        self._big_endian = big_endian
        if pointer is None:
            if len(data) < HEADER.size:
                raise Malformed("it is shorter than a dconf database's header")
            signature, version, _options, start, end = HEADER.unpack_from(data)
            if signature not in (b"GVariant", b"raVGtnai") or version != 0:
                raise Malformed("it does not begin like a dconf database")
            self._big_endian = signature == b"raVGtnai"
            pointer = (start, end)
        self._buckets, self._items = self._layout(*pointer)

    def value(self, key: str) -> Typed | None:
        """The Typed value of `key`, or None."""
        item = self._lookup(key, b"v")
        content = None if item is None else self._slice(item[5], item[6], 8)
        return None if content is None else decode(content, self._big_endian)

    def has(self, key: str) -> bool:
        """True where `key` has a value of any type."""
        return isinstance(self.value(key), Typed)

    def table(self, key: str) -> Gvdb | None:
        """The table below `key` (".locks"), or None."""
        item = self._lookup(key, b"H")
        return None if item is None else Gvdb(self._data, (item[5], item[6]), self._big_endian)

    def is_whole(self, limit: int = 5000) -> bool:
        """True where it holds something, and nothing that it points to lies beyond the end of the file."""
        items = [self._item(number) for number in range(min(limit, self._items[1]))]
        return bool(items) and all(self._slice(item[5], item[6], 1) is not None for item in items if item[4] in b"HvL")

    def keys(self, limit: int = 5000) -> list[str]:
        """The full names of up to `limit` items."""
        names: dict[int, str] = {}
        for number in range(min(limit, self._items[1])):
            chain: list[int] = []
            at = number
            while at not in names and at < self._items[1] and at not in chain and len(chain) < 64:
                chain.append(at)
                at = self._item(at)[1]
            for each in reversed(chain):
                item = self._item(each)
                part = self._data[item[2] : item[2] + item[3]].decode("utf-8", "replace")
                if item[1] == NO_PARENT:
                    names[each] = part
                elif item[1] in names:
                    names[each] = names[item[1]] + part
        return list(names.values())

    def _slice(self, start: int, end: int, alignment: int) -> bytes | None:
        if start > end or end > len(self._data) or start % alignment:
            return None
        return self._data[start:end]

    def _layout(self, start: int, end: int) -> tuple[tuple[int, int, tuple[int, int, int]], tuple[int, int]]:
        """Offsets and counts of buckets and items, both 0 in number where the table's header makes no sense."""
        nothing = ((0, 0, (0, 0, 0)), (0, 0))
        if self._slice(start, end, 4) is None or end - start < 8:
            return nothing
        blooms, buckets = struct.unpack_from("<II", self._data, start)
        shift = blooms >> 27
        blooms &= (1 << 27) - 1
        left = end - start - 8 - 4 * blooms - 4 * buckets
        if left < 0 or left % ITEM.size:
            return nothing
        after_blooms = start + 8 + 4 * blooms
        bloom = (start + 8, blooms, shift)
        return (after_blooms, buckets, bloom), (after_blooms + 4 * buckets, left // ITEM.size)

    def _item(self, number: int) -> Item:
        return ITEM.unpack_from(self._data, self._items[0] + number * ITEM.size)

    def _word(self, offset: int) -> int:
        number: int = struct.unpack_from("<I", self._data, offset)[0]
        return number

    def _lookup(self, key: str, kind: bytes) -> Item | None:
        first, buckets, bloom = self._buckets
        count = self._items[1]
        if not buckets or not count:
            return None
        name, number = key.encode(), 5381
        for byte in name:
            number = (number * 33 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
        if bloom[1]:
            mask = 1 << (number & 31) | 1 << (number >> bloom[2] & 31)
            if self._word(bloom[0] + 4 * (number // 32 % bloom[1])) & mask != mask:
                return None
        bucket = number % buckets
        at = self._word(first + 4 * bucket)
        last = count if bucket == buckets - 1 else min(self._word(first + 4 * bucket + 4), count)
        while at < last:
            item = self._item(at)
            if item[0] == number and item[4] == kind and self._is_named(item, name):
                return item
            at += 1
        return None

    def _is_named(self, item: Item, name: bytes) -> bool:
        """An item holds the last part of its name; its parents hold what comes before. Each part shortens `name`."""
        while True:
            part = self._slice(item[2], item[2] + item[3], 1)
            if part is None or len(part) > len(name) or not name.endswith(part):
                return False
            name = name[: len(name) - len(part)]
            if not name and item[1] == NO_PARENT:
                return True
            if item[1] >= self._items[1] or not part:
                return False
            item = self._item(item[1])
