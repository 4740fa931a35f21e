"""Copies of LUKS2 headers, as a device sends them: what one holds, and the file that `luksHeaderRestore` takes.

The form is described in `plugins/module_utils/_linux/luks/backup.py`, the bytes in the LUKS2 On-Disk Format
Specification, sections 2 and 3: a binary header of 4096 bytes, then its JSON up to the size that it names, twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.storage import strict_json

START = 4096
MAGIC = b"LUKS\xba\xbe"
MOST_IMAGE = 256 * 1024 * 1024  # bytes; cryptsetup makes headers of 16 MiB, and allows 128


@dataclass(frozen=True)
class HeaderCopy:
    """A copy: the LUKS UUID, PARTUUID and size in bytes of the device it was taken from, and its parts by offset."""

    uuid: str
    partuuid: str
    size: int
    parts: dict[int, bytes]

    @property
    def metadata(self) -> dict[str, Any]:
        """The JSON of the header. Raises LeeboardError."""
        first = self.parts.get(0, b"")
        size = int.from_bytes(first[8:16], "big")
        if first[:6] != MAGIC or not START < size <= len(first):
            raise LeeboardError("the copy of the header holds no LUKS2 header")
        try:
            parsed = strict_json.loads(first[START:size].rstrip(b"\0"))
            if not isinstance(parsed, dict) or not isinstance(parsed["keyslots"], dict):
                raise ValueError
            return parsed
        except (ValueError, KeyError):
            raise LeeboardError("the metadata in the copy of the header makes no sense") from None

    def slots(self) -> dict[str, str]:
        """The digest of each slot that the copy holds whole, as the device makes it. Raises LeeboardError."""
        try:
            return {
                number: self._slot(slot)
                for number, slot in self.metadata["keyslots"].items()
                if len(self.parts.get(int(slot["area"]["offset"]), b"")) == int(slot["area"]["size"])
            }
        except (KeyError, TypeError, ValueError):
            raise LeeboardError("a slot in the copy of the header makes no sense") from None

    def _slot(self, slot: dict[str, Any]) -> str:
        text = json.dumps(slot, sort_keys=True, separators=(",", ":")).encode()
        return hashlib.sha256(text + b"\0" + self.parts[int(slot["area"]["offset"])]).hexdigest()

    def image(self) -> bytes:
        """The file for `cryptsetup luksHeaderRestore --header-backup-file`. Raises LeeboardError.

        What lies between the parts is zeros: areas of slots that nobody used.
        """
        half = len(self.parts[0]) // 2
        try:
            size = 2 * half + int(self.metadata["config"]["keyslots_size"])
        except (KeyError, TypeError, ValueError):
            raise LeeboardError("the metadata in the copy of the header does not say how long it is") from None
        if size > MOST_IMAGE or any(offset + len(part) > size for offset, part in self.parts.items()):
            raise LeeboardError("the copy of the header has parts beyond its end")
        image = bytearray(size)
        for offset, part in self.parts.items():
            image[offset : offset + len(part)] = part
        return bytes(image)


def read_copy(content: bytes) -> HeaderCopy:
    """A copy from its bytes. Raises LeeboardError where it is cut off or makes no sense."""
    line, _, rest = content.partition(b"\n")
    try:
        fields = strict_json.loads(line)
        spans = [(int(offset), int(size)) for offset, size in fields["parts"]]
        result = HeaderCopy(str(fields["uuid"]), str(fields["partuuid"]), int(fields["bytes"]), {})
    except (ValueError, KeyError, TypeError):
        raise LeeboardError("the copy of the header makes no sense") from None
    if sum(size for _offset, size in spans) != len(rest) or min((size for _, size in spans), default=0) <= 0:
        raise LeeboardError("the copy of the header is cut off")
    place = 0
    for offset, size in spans:
        result.parts[offset] = rest[place : place + size]
        place += size
    return result
