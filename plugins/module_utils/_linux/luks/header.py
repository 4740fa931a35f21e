"""A LUKS header as cryptsetup prints it, and the open mappings as dmsetup does, reduced to what a judgement needs.

The metadata of LUKS2 is described in the LUKS2 On-Disk Format Specification, those of the tokens in
systemd-cryptenroll(1) and in Clevis. Nothing here is secret: salts and sealed blobs are left where they are.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from ..engine.host import Host, HostError
from ..engine.safe_read import number

DUMP_TIMEOUT = 20
MOST = 32  # slots, tokens and segments of a header, each: the format has no more slots
NOT_A_HEADER = "both copies of its LUKS header are damaged: restore it from a backup before the machine is switched off"
LUKS1_CIPHER = re.compile(r"^Cipher name:\s*(\S+)\s+Cipher mode:\s*(\S+)", re.MULTILINE)
LUKS1_BITS = re.compile(r"^MK bits:\s*([0-9]+)", re.MULTILINE)
LUKS1_UUID = re.compile(r"^UUID:\s*(\S+)", re.MULTILINE)
LUKS1_SLOT = re.compile(r"^Key Slot ([0-9]+): ENABLED", re.MULTILINE)
TABLE = re.compile(r"^(?P<name>.*?): (?P<first>[0-9]+) (?P<length>[0-9]+) (?P<target>[a-z0-9-]+)(?: (?P<rest>.*))?$")


def header(host: Host, path: str, detached: str = "") -> dict[str, Any]:
    """What the header of the device at `path` says. Raises HostError.

    {version, uuid, segments, key_bytes, slots, tokens, reencrypting}, as the brain's model of a volume has them, and
    `costs`: {slot: (memory in KiB, passes, iterations)}.
    """
    if not host.is_root:
        raise HostError("needs_root", f"the LUKS header of {path} may be read by root only")
    options = ["--header", detached] if detached else []
    done = host.query(["cryptsetup", "luksDump", "--dump-json-metadata", *options, path], timeout=DUMP_TIMEOUT)
    if done.rc == 0:
        return luks2(done.out)
    output = (done.err + done.out).strip()
    if "not supported for this device type" in output:
        text = host.query(["cryptsetup", "luksDump", *options, path], timeout=DUMP_TIMEOUT)
        if text.rc == 0 and text.out:
            return luks1(text.out)
    if "not a valid LUKS device" in output:
        raise HostError("malformed", NOT_A_HEADER)
    if "does not exist or access denied" in output:
        raise HostError("denied", f"cryptsetup may not read {path}, or it is gone")
    raise HostError("failed", f"cryptsetup luksDump ended with status {done.rc}: {output[-200:]}")


def luks1(text: str) -> dict[str, Any]:
    """A header of version 1, which has no other form than text. Raises HostError."""
    cipher, bits = LUKS1_CIPHER.search(text), LUKS1_BITS.search(text)
    uuid = LUKS1_UUID.search(text)
    if not cipher or not bits or not uuid:
        raise HostError("malformed", "what cryptsetup prints of a LUKS1 header is not complete")
    slots = [int(digits) for digits in LUKS1_SLOT.findall(text)[:MOST]]
    return {
        "version": 1,
        "uuid": uuid.group(1)[:64],
        "segments": [{"type": "crypt", "cipher": f"{cipher.group(1)}-{cipher.group(2)}"[:100]}],
        "key_bytes": int(bits.group(1)[:5]) // 8,
        "slots": [{"id": slot, "kdf": "pbkdf2", "opens": True} for slot in slots],
        "tokens": [],
        "reencrypting": False,
        "costs": {},
    }


def luks2(text: str) -> dict[str, Any]:
    """A header of version 2 from its JSON. Raises HostError."""
    try:
        return _luks2(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        why = f"the metadata of its LUKS header makes no sense, so it is cut off or damaged ({problem})"
        raise HostError("malformed", why[:300]) from None


def _luks2(metadata: dict[str, Any]) -> dict[str, Any]:
    for part in ("segments", "keyslots", "tokens"):
        if len(metadata[part]) > MOST:
            raise ValueError(f"{len(metadata[part])} {part}")
    segments = [metadata["segments"][key] for key in sorted(metadata["segments"], key=int)]
    mandatory = metadata.get("config", {}).get("requirements", {}).get("mandatory", [])
    backups = ("in-reencryption", "backup-previous", "backup-final", "backup-moved-segment")
    flagged = any(flag in backups for segment in segments for flag in segment.get("flags", []))
    opening = {
        int(slot)
        for digest in metadata["digests"].values()
        if any(segment in metadata["segments"] for segment in digest["segments"])
        for slot in digest["keyslots"]
    }
    slots, costs, sizes = [], {}, set()
    for key in sorted(metadata["keyslots"], key=int):
        slot = metadata["keyslots"][key]
        if slot["type"] != "luks2":
            continue  # "reencrypt" holds no key
        kdf = slot["kdf"]
        entry = {"id": int(key), "kdf": str(kdf["type"])[:20], "opens": int(key) in opening}
        if "memory" in kdf:
            entry["memory_kib"] = int(kdf["memory"])
        if slot.get("priority") == 0:
            entry["ignored"] = True
        slots.append(entry)
        costs[int(key)] = (int(kdf.get("memory", 0)), int(kdf.get("time", 0)), int(kdf.get("iterations", 0)))
        if entry["opens"]:
            sizes.add(int(slot["key_size"]))
    return {
        "version": 2,
        "uuid": "",
        "segments": [_segment(segment) for segment in segments if not str(segment.get("flags", "")).count("backup-")],
        "key_bytes": min(sizes) if sizes else None,
        "slots": slots,
        "tokens": [_token(key, metadata["tokens"][key]) for key in sorted(metadata["tokens"], key=int)],
        "reencrypting": flagged or any("reencrypt" in str(one) for one in mandatory),
        "costs": costs,
    }


def _segment(segment: dict[str, Any]) -> dict[str, str]:
    return {"type": str(segment["type"])[:40], "cipher": str(segment.get("encryption", ""))[:100]}


def _token(key: str, token: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "id": int(key),
        "type": str(token["type"])[:100],
        "slots": [int(slot) for slot in token["keyslots"]][:MOST],
    }
    if entry["type"] == "systemd-tpm2":
        entry["pin"] = token.get("tpm2-pin") is True
        entry["pcrs"] = _pcrs(token.get("tpm2-pcrs", []))
        if token.get("tpm2_pubkey"):
            entry["signed_pcrs"] = _pcrs(token.get("tpm2_pubkey_pcrs", []))
        entry["pcrlock"] = token.get("tpm2_pcrlock") is True
    elif entry["type"] == "systemd-fido2":
        entry["pin"] = token.get("fido2-clientPin-required") is True
    elif entry["type"] == "clevis":
        entry["pins"], entry["pcrs"] = _clevis(token["jwe"]["protected"], 0)
    return entry


def _pcrs(numbers: list[Any]) -> list[int]:
    return sorted({int(pcr) for pcr in numbers if 0 <= int(pcr) < 24})


def _clevis(protected: str, depth: int) -> tuple[list[str], list[int]]:
    """(pins, PCRs) of a Clevis binding. `sss-2` before others: two of them are needed."""
    if depth > 3:
        raise ValueError("pins of Clevis nested too deeply")
    padded = protected + "=" * (-len(protected) % 4)
    config = json.loads(base64.urlsafe_b64decode(padded))["clevis"]
    pin = str(config["pin"])[:20]
    if pin == "tpm2":
        listed = str(config["tpm2"].get("pcr_ids") or "")
        return [pin], _pcrs([pcr for pcr in listed.split(",") if pcr.strip()])
    if pin != "sss":
        return [pin], []
    pins, pcrs = [f"sss-{int(config['sss']['t'])}"], []
    for part in config["sss"]["jwe"][:MOST]:
        inner, bound = _clevis(part.split(".", 1)[0], depth + 1)
        pins += inner
        pcrs += bound
    return pins[:MOST], sorted(set(pcrs))


def mappings(host: Host) -> dict[str, dict[str, Any]]:
    """{name: {"target", "cipher", "key_bytes"}} of every open mapping. Raises HostError.

    `dmsetup table` shows keys as zeros unless it is told otherwise; their number is the key's length.
    """
    done = host.query(["dmsetup", "table"])
    if done.rc != 0:
        code = "needs_root" if not host.is_root else "failed"
        raise HostError(code, f"dmsetup table ended with status {done.rc}: {done.err.strip()[-200:]}")
    if done.out and not done.out.endswith("\n"):
        raise HostError("malformed", "the table of open mappings that dmsetup gave is cut off")
    by_name: dict[str, dict[str, Any]] = {}
    for line in done.out.split("\n"):
        match = TABLE.match(line)
        if not match:
            if line.strip() and not line.endswith(": ") and line != "No devices found":
                raise HostError("malformed", f"a line of dmsetup table makes no sense: {line[:100]!r}")
            continue
        mapping = _mapping(match["target"], (match["rest"] or "").split())
        before = by_name.get(match["name"])
        # Where one part of a mapping is not encrypted, that part is what counts.
        if before is None or (before["target"] == "crypt" and mapping["target"] != "crypt"):
            by_name[match["name"]] = mapping
    return by_name


def _mapping(target: str, parameters: list[str]) -> dict[str, Any]:
    mapping: dict[str, Any] = {"target": target}
    if target != "crypt" or len(parameters) < 2:
        return mapping
    mapping["cipher"] = parameters[0][len("capi:") :] if parameters[0].startswith("capi:") else parameters[0]
    key = parameters[1]
    if key.startswith(":"):
        size = number(key[1:].split(":", 1)[0])
        if size is not None:
            mapping["key_bytes"] = min(size, 1000)
    elif key != "-":
        mapping["key_bytes"] = min(len(key) // 2, 1000)
    return mapping
