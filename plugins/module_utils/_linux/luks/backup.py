"""A copy of a LUKS2 header: both binary headers and the areas of the slots that are used, not the 16 MiB between.

The copy opens the disk with every passphrase and key of today, so it leaves the device for the vault only, which
seals it. Its form is one line of JSON and the bytes of each part one after the other:

    {"schema": 1, "uuid": str, "partuuid": str, "bytes": size of the device, "parts": [[offset, size], ...]}

Offsets are from the start of the device, as the LUKS2 On-Disk Format Specification has them.
"""

from __future__ import annotations

import json

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..system.block_devices import Device
from ..system.device_bytes import size_of, span
from . import binding
from .slots import find

FIRST, SECOND = b"LUKS\xba\xbe", b"SKUL\xba\xbe"
START = 4096  # bytes of a binary header without its JSON
SIZES = tuple(1024 * kib for kib in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096))  # of a header, as the format allows


def copy(host: Host, uuid: str, expect: str) -> bytes:
    """The copy of a volume's header, as long as it reads as `expect` before and after. Raises ChangeRefused, HostError.

    Nothing is changed.
    """
    device = find(host, uuid)
    metadata = binding.metadata(host, device.path)
    size = _header_size(host, device.path)
    areas = sorted((int(slot["area"]["offset"]), int(slot["area"]["size"])) for slot in metadata["keyslots"].values())
    packed = pack(host, device, uuid, [(0, 2 * size), *areas])
    host.forget()
    if binding.of_all(binding.binding(host, device.path, uuid)) != expect:
        raise ChangeRefused(f"the LUKS header of {device.path} changed while it was copied; repeat the roll-out")
    return packed


def pack(host: Host, device: Device, uuid: str, parts: list[tuple[int, int]]) -> bytes:
    """These parts (offset and size in bytes) of a device, in the form of a copy. Raises HostError."""
    head = {
        "schema": 1, "uuid": uuid, "partuuid": device.partuuid, "bytes": size_of(host, device.path), "parts": parts,
    }  # fmt: skip
    content = b"".join(span(host, device.path, offset, length) for offset, length in parts)
    return json.dumps(head).encode() + b"\n" + content


def _header_size(host: Host, path: str) -> int:
    """The size of each of the two headers. Raises HostError where one is damaged: such a copy would restore nothing."""
    first = span(host, path, 0, START)
    size = int.from_bytes(first[8:16], "big")
    if first[:6] != FIRST or size not in SIZES or span(host, path, size, 6) != SECOND:
        raise HostError("malformed", "one of the two copies of its LUKS header is damaged; run cryptsetup repair")
    return size
