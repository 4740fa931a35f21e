"""The challenge of a visit: what an answer has to echo, so that a stored one does not count as tonight's.

Whoever holds the bundle works it out anew. It proves when an answer was made, and not that it is true: root on a device
echoes a challenge and makes up the rest.
"""

from __future__ import annotations

import hashlib
import json
import secrets


def new_salt() -> str:
    """Make the salt of a run: 256 bits by chance, in hexadecimal digits. Nobody can know a challenge before the run."""
    return secrets.token_hex(32)


def challenge(salt: str, run: str, urn: str, asset: str, visit: int) -> str:
    """The challenge of a device's visit of that number in a run, in 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps([salt, run, urn, asset, visit]).encode()).hexdigest()
