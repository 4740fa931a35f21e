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


def weak(found: dict[str, Any]) -> list[int]:
    """Slots for passphrases whose derivation costs a guesser no memory, from a header's JSON."""
    return [number for number in _passphrases(found) if _derivation(found, number) == "pbkdf2"]


def strengthen(host: Host, uuid: str, expect: str, secret: bytes) -> tuple[int | None, dict[str, Any]]:
    """Give the slot that a passphrase opens Argon2, if it is a weak one: (number, binding). Raises ChangeRefused.

    The number is that of the slot with Argon2, None where the passphrase opens no weak one. What an earlier call left
    is finished first: its slot is removed, once the passphrase opens another one that has Argon2.
    """
    device = find(host, uuid)
    binding = expected(host, device, expect)
    found = luks_binding.metadata(host, device.path)
    if not UUID.match(uuid):
        raise ChangeRefused(f"the LUKS UUID of {device.path} makes no sense")
    mark = f"{MARKS}/{uuid}.json"
    begun, made = _begun(host, mark, found)
    number = _opened(host, device.path, made, secret)
    with secret_files(secret) as (named,):
        if number is not None:
            cryptsetup(host, "luksKillSlot", "--batch-mode", "--key-file", named, device.path, str(begun))
        else:
            number = _opened(host, device.path, weak(found), secret)
            if number is None:
                return None, binding
            there = {str(one): _digest(found, one) for one in _passphrases(found)}
            said = {"schema": 1, "slot": number, "there": there}
            private_file.put(host, mark, (json.dumps(said) + "\n").encode())
            cryptsetup(
                host, "luksConvertKey", "--batch-mode", "--key-file", named, "--key-slot", str(number),
                "--pbkdf", "argon2id", device.path,
            )  # fmt: skip
    prove(host, device.path, number, secret)
    if os.path.lexists(host.path(mark)):
        private_file.drop(host, mark)
    host.forget()
    return number, luks_binding.binding(host, device.path, uuid)


def _begun(host: Host, mark: str, found: dict[str, Any]) -> tuple[int | None, list[int]]:
    """The slot with which an earlier call began and did not end, and those with Argon2 that may have come of it.

    (None, []) for none. A slot has its own salt, which tells it from the next one of that number.
    """
    try:
        said = json.loads(host.text(mark))
        number, there = int(said["slot"]), dict(said["there"])
        was = str(there[str(number)])
    except FileNotFoundError:
        return None, []
    except (ValueError, KeyError, TypeError):
        raise HostError("malformed", f"{mark} makes no sense") from None
    if number not in weak(found) or _digest(found, number) != was:
        return None, []
    costly = [one for one in _passphrases(found) if _derivation(found, one).startswith("argon2")]
    return number, [one for one in costly if _digest(found, one) not in there.values()]


def _passphrases(found: dict[str, Any]) -> list[int]:
    """The slots that may be somebody's passphrase."""
    random = {slot for token in found["tokens"].values() if token["type"] in RANDOM_KEYS for slot in token["keyslots"]}
    return sorted(int(number) for number in found["keyslots"] if number not in random)


def _derivation(found: dict[str, Any], number: int) -> str:
    return str(found["keyslots"][str(number)].get("kdf", {}).get("type"))


def _digest(found: dict[str, Any], number: int) -> str:
    return hashlib.sha256(json.dumps(found["keyslots"][str(number)], sort_keys=True).encode()).hexdigest()


def _opened(host: Host, path: str, numbers: list[int], secret: bytes) -> int | None:
    """The first of these slots that a passphrase opens; None for none."""
    for number in numbers:
        with contextlib.suppress(ChangeRefused):
            prove(host, path, number, secret)
            return number
    return None
