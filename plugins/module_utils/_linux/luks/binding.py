"""What binds a kept recovery key to its disk, so that both can be compared each night without the key.

A binding is a dict of digests, none of which says anything about a key:

    {"uuid": str, "version": 2, "volume_key": D, "segments": D, "slots": {"0": D, ...}, "tokens": {"0": D, ...},
     "ours": [{"token": 0, "key": ID, "slot": 1, "iterations": 1234, "assigned": true}, ...]}

D is a SHA-256 in hexadecimal. That of a slot is over its JSON and the bytes of its area: with a changed cost of the key
derivation alone the key no longer opens, and salt and area are still the same. A slot that is tried first is no other
one by that; one that is to be ignored is, for whoever types its key at the start. `volume_key` is over the digest
objects without their lists of slots: it is the same as long as the disk's own key is. `ours` are tokens that Leeboard
made.

The objects are those of the LUKS2 On-Disk Format Specification, sections 3.1 to 3.6.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..engine.host import Host, HostError
from ..system.device_bytes import span
from .header import DUMP_TIMEOUT, MOST, header
from .layout import Volume

TOKEN_TYPE = "systemd-recovery"  # noqa: S105 - systemd-cryptenroll(1) then shows the slot as one of a recovery key
IGNORED = 0  # the priority of a slot that is opened only by its number
MOST_AREA = 4 * 1024 * 1024  # bytes of one slot's area; cryptsetup makes them of about 250 KiB


def metadata(host: Host, path: str, detached: str = "") -> dict[str, Any]:
    """The JSON of a LUKS2 header. Raises HostError, for one of version 1 too."""
    named = ["--header", detached] if detached else []
    done = host.query(["cryptsetup", "luksDump", "--dump-json-metadata", *named, path], timeout=DUMP_TIMEOUT)
    if done.rc != 0:
        raise HostError("failed", f"cryptsetup luksDump ended with status {done.rc}: {done.err.strip()[-200:]}")
    try:
        parsed: dict[str, Any] = json.loads(done.out)
        for part in ("keyslots", "tokens", "segments", "digests"):
            if not isinstance(parsed[part], dict) or len(parsed[part]) > MOST:
                raise ValueError(part)
        return parsed
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HostError("malformed", "the metadata of its LUKS header makes no sense") from None


def binding(host: Host, path: str, uuid: str, detached: str = "") -> dict[str, Any]:
    """What binds a key to the LUKS2 volume at `path`. Raises HostError."""
    header_metadata = metadata(host, path, detached)
    return {
        "uuid": uuid,
        "version": 2,
        "volume_key": volume_key(header_metadata["digests"]),
        "segments": _digest(header_metadata["segments"]),
        "slots": {
            number: slot_digest(host, detached or path, slot) for number, slot in header_metadata["keyslots"].items()
        },
        "tokens": {number: _digest(token) for number, token in header_metadata["tokens"].items()},
        "ours": our_tokens(header_metadata),
    }


def volume_key(digests: dict[str, Any]) -> str:
    """One digest over the digest objects of a header, without their lists of slots."""
    return _digest(
        {
            number: {name: value for name, value in digest.items() if name != "keyslots"}
            for number, digest in digests.items()
        }
    )


def of_volume(host: Host, volume: Volume, detached: str) -> dict[str, Any]:
    """A LUKS volume and its binding, for the wire; what could not be read is named in it, and nothing is raised.

    {"device", "uuid", "mounts", "roles", "removable", "version", and "binding" or "trouble": {"code", "why"}}
    """
    device = volume.block_device
    shown = {
        "device": device.path[:200], "uuid": device.uuid[:64], "mounts": [point[:200] for point in volume.mounts[:20]],
        "roles": sorted(volume.roles), "removable": volume.removable, "version": 2, "detached": bool(detached),
    }  # fmt: skip
    try:
        shown["version"] = header(host, device.path, detached)["version"]
        if shown["version"] == 2:
            shown["binding"] = binding(host, device.path, device.uuid, detached)
    except HostError as problem:
        shown["trouble"] = {"code": problem.code, "why": problem.why[:400]}
    return shown


def of_all(binding: dict[str, Any]) -> str:
    """One digest over a whole binding: the same as long as nothing in the header changes that counts."""
    return _digest(binding)


def slot_digest(host: Host, path: str, slot: dict[str, Any]) -> str:
    """One digest over a slot's JSON and the bytes of its area. Raises HostError."""
    fields = {name: value for name, value in slot.items() if name != "priority" or value == IGNORED}
    try:
        offset, size = int(slot["area"]["offset"]), int(slot["area"]["size"])
    except (KeyError, TypeError, ValueError):
        raise HostError("malformed", "a slot of its LUKS header has no area") from None
    if not 0 <= size <= MOST_AREA or offset < 0:
        raise HostError("malformed", "a slot of its LUKS header has an area of no sensible size")
    digest = hashlib.sha256(_text(fields))
    digest.update(b"\0")
    digest.update(span(host, path, offset, size))
    return digest.hexdigest()


def mark(key_id: str, slot: int, iterations: int) -> dict[str, str]:
    """What a token of ours has beside its type and slots: whose it is, and for which slot and cost it was made."""
    return {"leeboard-key": key_id, "leeboard-slot": str(slot), "leeboard-iterations": str(iterations)}


def our_tokens(header_metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """Tokens that Leeboard made, each with the slot that it was made for, and whether it has that slot."""
    marks = []
    for number, token in sorted(header_metadata["tokens"].items()):
        if not isinstance(token, dict) or "leeboard-key" not in token:
            continue
        try:
            slot, iterations = int(token["leeboard-slot"]), int(token["leeboard-iterations"])
            key, assigned = str(token["leeboard-key"])[:64], str(slot) in token["keyslots"]
        except (KeyError, TypeError, ValueError):
            raise HostError("malformed", f"token {number} of its LUKS header says it is ours, and is not") from None
        marks.append({"token": int(number), "key": key, "slot": slot, "iterations": iterations, "assigned": assigned})
    return marks


def made_for(header_metadata: dict[str, Any], token: dict[str, Any]) -> bool:
    """Whether the slot that a token of ours was made for is there, and is the one that was added for it.

    Somebody may have taken that number in between; the cost that we chose for the key tells them apart.
    """
    slot = header_metadata["keyslots"].get(str(token["slot"]))
    kdf = slot.get("kdf", {}) if isinstance(slot, dict) else {}
    return kdf.get("type") == "pbkdf2" and kdf.get("iterations") == token["iterations"]


def _digest(data: object) -> str:
    return hashlib.sha256(_text(data)).hexdigest()


def _text(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
