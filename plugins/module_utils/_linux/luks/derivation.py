"""Argon2 for the slot that a passphrase opens, where its derivation costs a guesser no memory.

    mark -> the passphrase in a second slot -> the first one wiped -> the header without it -> mark removed

luksConvertKey does what is between the marks, in several writes to the disk. Whoever is cut off there leaves two slots
for one passphrase, or one whose key is wiped and which nothing opens: nobody could tell that from a slot of somebody
else. The mark is a file on the device that says which slot was begun with, and what each one was like: a passphrase
that opens another slot of old proves nothing about that one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from typing import Any

from ..engine import private_file
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.secret_pipe import secret_files
from . import binding as luks_binding
from .slots import cryptsetup, expected, find, prove

MARKS = "/var/lib/leeboard/derivation"
# Tokens whose slots hold random keys, as verdict/judgements/disks.py has them: PBKDF2 is by design there.
RANDOM_KEYS = ("systemd-tpm2", "systemd-fido2", "systemd-pkcs11", "systemd-recovery", "clevis")
UUID = re.compile(r"\A[0-9A-Za-z-]{1,64}\Z")


def weak(metadata: dict[str, Any]) -> list[int]:
    """Slots for passphrases whose derivation costs a guesser no memory, from a header's JSON."""
    return [number for number in _passphrases(metadata) if _derivation(metadata, number) == "pbkdf2"]


def strengthen(host: Host, uuid: str, expect: str, secret: bytes) -> tuple[int | None, dict[str, Any]]:
    """Give the slot that a passphrase opens Argon2, if it is a weak one: (number, binding). Raises ChangeRefused.

    The number is that of the slot with Argon2, None where the passphrase opens no weak one. What an earlier call left
    is finished first: its slot is removed, once the passphrase opens another one that has Argon2.
    """
    device = find(host, uuid)
    binding = expected(host, device, expect)
    metadata = luks_binding.metadata(host, device.path)
    if not UUID.match(uuid):
        raise ChangeRefused(f"the LUKS UUID of {device.path} makes no sense")
    mark = f"{MARKS}/{uuid}.json"
    begun, candidates = _begun(host, mark, metadata)
    number = _opened(host, device.path, candidates, secret)
    with secret_files(secret) as (named,):
        if number is not None:
            cryptsetup(host, "luksKillSlot", "--batch-mode", "--key-file", named, device.path, str(begun))
        else:
            number = _opened(host, device.path, weak(metadata), secret)
            if number is None:
                return None, binding
            digests = {str(slot): _digest(metadata, slot) for slot in _passphrases(metadata)}
            record = {"schema": 1, "slot": number, "there": digests}
            private_file.put(host, mark, (json.dumps(record) + "\n").encode())
            cryptsetup(
                host, "luksConvertKey", "--batch-mode", "--key-file", named, "--key-slot", str(number),
                "--pbkdf", "argon2id", device.path,
            )  # fmt: skip
    prove(host, device.path, number, secret)
    if os.path.lexists(host.path(mark)):
        private_file.drop(host, mark)
    host.forget()
    return number, luks_binding.binding(host, device.path, uuid)


def _begun(host: Host, mark: str, metadata: dict[str, Any]) -> tuple[int | None, list[int]]:
    """The slot with which an earlier call began and did not end, and those with Argon2 that may have come of it.

    (None, []) for none. A slot has its own salt, which tells it from the next one of that number.
    """
    try:
        record = json.loads(host.text(mark))
        number, digests = int(record["slot"]), dict(record["there"])
        was = str(digests[str(number)])
    except FileNotFoundError:
        return None, []
    except (ValueError, KeyError, TypeError):
        raise HostError("malformed", f"{mark} makes no sense") from None
    if number not in weak(metadata) or _digest(metadata, number) != was:
        return None, []
    candidates = [slot for slot in _passphrases(metadata) if _derivation(metadata, slot).startswith("argon2")]
    return number, [slot for slot in candidates if _digest(metadata, slot) not in digests.values()]


def _passphrases(metadata: dict[str, Any]) -> list[int]:
    """The slots that may be somebody's passphrase."""
    random = {
        slot for token in metadata["tokens"].values() if token["type"] in RANDOM_KEYS for slot in token["keyslots"]
    }
    return sorted(int(number) for number in metadata["keyslots"] if number not in random)


def _derivation(metadata: dict[str, Any], number: int) -> str:
    return str(metadata["keyslots"][str(number)].get("kdf", {}).get("type"))


def _digest(metadata: dict[str, Any], number: int) -> str:
    return hashlib.sha256(json.dumps(metadata["keyslots"][str(number)], sort_keys=True).encode()).hexdigest()


def _opened(host: Host, path: str, numbers: list[int], secret: bytes) -> int | None:
    """The first of these slots that a passphrase opens; None for none."""
    for number in numbers:
        with contextlib.suppress(ChangeRefused):
            prove(host, path, number, secret)
            return number
    return None
