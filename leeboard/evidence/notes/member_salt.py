"""The salt by which history keeps members of lists that may name people: an account, the path of a home.

One file a school, made once, beside its pins and in every backup of them. Whoever has it can tell whether a name that
he knows is meant, and nobody can read a name. Where it is lost, history of such members starts anew.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.storage import files

FILE, LOCK = "members.json", "members.lock"
DIGITS = 32  # of a member, hexadecimal


def salt_of(folder: Path) -> str:
    """A school's salt, which is made where there is none. Raises LeeboardError for a damaged file."""
    path = folder / FILE
    with files.locked(folder / LOCK):
        content = files.read_regular(path, 4096)
        if content is None:
            salt = secrets.token_hex(32)
            files.replace(path, (json.dumps({"salt": salt}) + "\n").encode())
            return salt
    try:
        salt = json.loads(content)["salt"]
        if isinstance(salt, str) and len(salt) == 64 and int(salt, 16) >= 0:
            return salt
    except (ValueError, KeyError, TypeError):
        pass
    raise LeeboardError(f"{path}: is damaged; put it back from a backup, or remove it: history of accounts starts anew")


def digest(salt: str, member: str) -> str:
    """A member as history keeps it."""
    return f"~{hashlib.sha256(json.dumps([salt, member]).encode()).hexdigest()[:DIGITS]}"
