"""Bringing back the header of a LUKS2 volume from a copy that backup.py made, for a disk whose header is damaged.

The disk is known by its partition's UUID and its size, since its own LUKS UUID may be among what is damaged.

    where is it, what does it hold -> what is there now goes to the controller -> luksHeaderRestore -> a key opens it
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..system.block_devices import Device, devices
from ..system.device_bytes import size_of, span
from . import binding, slots
from .backup import FIRST, SIZES, START, pack

LUKS = "crypto_LUKS"
MOST = 64 * 1024 * 1024  # bytes of a header with all its areas; cryptsetup makes 16 MiB


class Copy:
    """A copy of a header: whose it is, and its parts by offset. Raises ChangeRefused for one that makes no sense."""

    def __init__(self, content: bytes) -> None:
        line, _newline, rest = content.partition(b"\n")
        try:
            head = json.loads(line)
            self.uuid, self.partuuid, self.size = str(head["uuid"]), str(head["partuuid"]), int(head["bytes"])
            self.parts: dict[int, bytes] = {}
            place = 0
            for offset, length in head["parts"]:
                self.parts[int(offset)] = rest[place : place + int(length)]
                place += int(length)
            half = int.from_bytes(self.parts[0][8:16], "big")
            if place != len(rest) or half not in SIZES or self.parts[0][: len(FIRST)] != FIRST:
                raise ValueError("parts")
            self.metadata = json.loads(self.parts[0][START:half].rstrip(b"\0"))
            self.length = 2 * half + int(self.metadata["config"]["keyslots_size"])
            if self.length > MOST or any(offset + len(part) > self.length for offset, part in self.parts.items()):
                raise ValueError("length")
        except (ValueError, KeyError, TypeError):
            raise ChangeRefused("the copy of the header makes no sense") from None

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where its parts lie: offset and size in bytes."""
        return [(offset, len(part)) for offset, part in self.parts.items()]

    def image(self) -> bytes:
        """The file that luksHeaderRestore takes: zeros where no slot is."""
        image = bytearray(self.length)
        for offset, part in self.parts.items():
            image[offset : offset + len(part)] = part
        return bytes(image)


def present(host: Host, copy: Copy) -> tuple[str, bytes]:
    """What a restore would overwrite: a digest over it, and a copy of the headers and slots that are there now.

    Raises ChangeRefused where the disk is not there, or holds something else; HostError.
    """
    device = _device(host, copy)
    parts = set(copy.spans)
    with contextlib.suppress(HostError, KeyError, TypeError, ValueError):  # what is damaged names no slots
        areas = [slot["area"] for slot in binding.metadata(host, device.path)["keyslots"].values()]
        parts |= {(int(area["offset"]), int(area["size"])) for area in areas}
    return _digest(host, device, copy), pack(host, device, copy.uuid, sorted(parts))


def restore(host: Host, copy: Copy, expect: str, slot: int, key: bytes) -> dict[str, Any]:
    """Write the header back and see that a key opens it; return the binding. `expect` is the digest of `present`.

    Raises ChangeRefused or HostError. Whoever is cut off here finds the header half written, and restores it again.
    """
    device = _device(host, copy)
    path = device.path
    if _digest(host, device, copy) != expect:
        raise ChangeRefused(f"the header of {path} changed at this moment; begin again")
    # In memory only: with it and any old passphrase the disk opens.
    handle = os.memfd_create("leeboard-header")
    with os.fdopen(handle, "wb") as file:
        file.write(copy.image())
        file.flush()
        done = host.act(
            [
                "cryptsetup", "luksHeaderRestore", "--batch-mode", "--header-backup-file",
                f"/proc/{os.getpid()}/fd/{handle}", path,
            ],
            timeout=slots.PATIENCE,
        )  # fmt: skip
    if done.rc != 0:
        raise ChangeRefused(f"cryptsetup luksHeaderRestore ended with status {done.rc}: {done.err.strip()[-200:]}")
    slots.prove(host, path, slot, key)
    host.forget()
    return binding.binding(host, path, copy.uuid)


def _digest(host: Host, device: Device, copy: Copy) -> str:
    return hashlib.sha256(span(host, device.path, 0, copy.length)).hexdigest()


def _device(host: Host, copy: Copy) -> Device:
    """The disk that a copy was taken from. Raises ChangeRefused."""
    fits = []
    for one in devices(host).values():
        same = one.partuuid == copy.partuuid if copy.partuuid else one.uuid == copy.uuid
        with contextlib.suppress(HostError):
            if same and size_of(host, one.path) == copy.size:
                fits.append(one)
    if len(fits) != 1:
        why = "more than one" if fits else "no"
        raise ChangeRefused(
            f"the machine has {why} disk that the copy was taken from (partition {copy.partuuid or 'unknown'}, "
            f"{copy.size} bytes); nothing was changed"
        )
    (device,) = fits
    if device.fstype not in ("", LUKS):
        raise ChangeRefused(f"{device.path} holds {device.fstype} now; nothing was changed")
    if device.fstype == LUKS and device.uuid not in ("", copy.uuid):
        raise ChangeRefused(f"{device.path} is another LUKS volume now ({device.uuid}); nothing was changed")
    if any(copy.uuid.replace("-", "") not in child.mapping for child in device.children):
        raise ChangeRefused(f"{device.path} is in use as something else; nothing was changed")
    if device.fstype == LUKS:
        _same_key(host, device, copy)
    return device


def _same_key(host: Host, device: Device, copy: Copy) -> None:
    """Raises ChangeRefused where the volume was encrypted anew: the copy's key would make nonsense of what is on it."""
    try:
        now = binding.binding(host, device.path, copy.uuid)
    except HostError:
        return  # it is damaged: that is what the copy is for
    if binding.volume_key(copy.metadata["digests"]) != now["volume_key"]:
        raise ChangeRefused(
            f"{device.path} has another key of its own than when the copy was made: it was encrypted anew since. With "
            "the copy nothing on it could be read; nothing was changed"
        )
