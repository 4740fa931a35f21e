"""Seal a recovery password that opens nothing, for the walk of the acceptance playbook over an empty virtual disk.

    {"modulus": "...", "exponent": "...", "volume": "\\\\?\\Volume{...}\\"} on standard input -> the sealed text

It is sealed as a roll-out seals one, so that what a real Windows does with it is tried; the password itself is kept by
nobody, and goes with the disk.
"""

from __future__ import annotations

import json
import sys

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_password import new_password
from leeboard.escrow.volumes.transport import Purpose, device_key, sealed


def seal(text: str) -> str:
    """The sealed text for what a device answered. Raises LeeboardError."""
    try:
        given = json.loads(text)
        volume = str(given["volume"])
    except (ValueError, KeyError, TypeError):
        raise LeeboardError("what the device answered is no key for one use") from None
    return sealed(device_key(given), Purpose.RECOVERY, volume, new_password().text)


def main() -> None:
    """Read what the device answered, and print the sealed text."""
    try:
        print(seal(sys.stdin.read()))
    except LeeboardError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
