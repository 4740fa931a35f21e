"""Argon2 for the slot that a passphrase opens, where its derivation costs a guesser no memory.

    mark -> the passphrase in a second slot -> the first one wiped -> the header without it -> mark removed

luksConvertKey does what is between the marks, in several writes to the disk. Whoever is cut off there leaves two slots
for one passphrase, or one whose key is wiped and which nothing opens: nobody could tell that from a slot of somebody
else. The mark is a file on the device that says which slot was begun with, and what it was like.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re

from . import luks_binding, private_file
from .edits import ChangeRefused
from .host import HostError
from .luks_slots import RANDOM_KEYS, expected, find, prove, run
from .secret_pipe import secret_files

MARKS = "/var/lib/leeboard/derivation"
UUID = re.compile(r"\A[0-9A-Za-z-]{1,64}\Z")


def weak(found: dict) -> list:
    """Slots for passphrases whose derivation costs a guesser no memory, from a header's JSON."""
    return [number for number in _passphrases(found) if _derivation(found, number) == "pbkdf2"]


def strengthen(host, uuid: str, expect: str, secret: bytes) -> tuple:
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
    begun = _begun(host, mark, found)
    costly = [number for number in _passphrases(found) if _derivation(found, number).startswith("argon2")]
    number = _opened(host, device.path, costly, secret) if begun is not None else None
    with secret_files(secret) as (named,):
        if number is not None:
            run(host, "luksKillSlot", "--batch-mode", "--key-file", named, device.path, str(begun))
        else:
            number = _opened(host, device.path, weak(found), secret)
            if number is None:
                return None, binding
            said = {"schema": 1, "slot": number, "was": _digest(found, number)}
            private_file.put(host, mark, (json.dumps(said) + "\n").encode())
            run(
                host, "luksConvertKey", "--batch-mode", "--key-file", named, "--key-slot", str(number),
                "--pbkdf", "argon2id", device.path,
            )  # fmt: skip
    prove(host, device.path, number, secret)
    if os.path.lexists(host.path(mark)):
        private_file.drop(host, mark)
    host.forget()
    return number, luks_binding.binding(host, device.path, uuid)


def _begun(host, mark: str, found: dict):
    """The slot with which an earlier call began and did not end; None for none. It has its own salt, which tells it."""
    try:
        said = json.loads(host.text(mark))
        number, was = int(said["slot"]), str(said["was"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise HostError("malformed", f"{mark} makes no sense") from None
    return number if number in weak(found) and _digest(found, number) == was else None


def _passphrases(found: dict) -> list:
    """The slots that may be somebody's passphrase."""
    random = {slot for token in found["tokens"].values() if token["type"] in RANDOM_KEYS for slot in token["keyslots"]}
    return sorted(int(number) for number in found["keyslots"] if number not in random)


def _derivation(found: dict, number: int) -> str:
    return str(found["keyslots"][str(number)].get("kdf", {}).get("type"))


def _digest(found: dict, number: int) -> str:
    return hashlib.sha256(json.dumps(found["keyslots"][str(number)], sort_keys=True).encode()).hexdigest()


def _opened(host, path: str, numbers: list, secret: bytes):
    """The first of these slots that a passphrase opens; None for none."""
    for number in numbers:
        with contextlib.suppress(ChangeRefused):
            prove(host, path, number, secret)
            return number
    return None
