"""The serial console of a machine: what it has shown, and typing on it as somebody who sits there would."""

from __future__ import annotations

import socket
import time
from pathlib import Path

# What askpass of Debian's cryptsetup and systemd's agent say when a disk is to be opened.
ASKS = r"Please unlock disk \S+|Please enter passphrase for disk [^\n]*"


def shown(log: Path, start: int) -> str:
    """What the console's log holds from byte `start` on."""
    text = log.read_bytes()[start:] if log.exists() else b""
    return text.decode(errors="replace").replace("\r", "")


def type_text(path: Path, text: str) -> None:
    """Type `text` and Enter into the console that QEMU offers at the socket `path`."""
    time.sleep(1)  # the prompt comes before the program listens
    with socket.socket(socket.AF_UNIX) as keyboard:
        keyboard.connect(str(path))
        keyboard.sendall(text.encode() + b"\r")
        time.sleep(0.5)  # QEMU drops what the guest has not taken when we hang up
