"""Talks to a running QEMU through its control socket (QMP)."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from .errors import LabError


def qmp(path: Path, command: str, timeout: float = 120.0, **arguments: object) -> Any:
    """Send one QMP command to the socket at `path` and return what it answers.

    Raises LabError when nobody listens there or QEMU refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            with connection.makefile("rw", encoding="utf-8") as stream:
                stream.readline()  # the greeting
                _ask(stream, "qmp_capabilities", {})
                return _ask(stream, command, arguments)
    except OSError as error:
        raise LabError(f"{path}: QEMU does not answer {command}: {error}") from error


def monitor(path: Path, line: str, timeout: float = 120.0) -> str:
    """Run a line of QEMU's human monitor (`savevm`, `loadvm`, `info usernet`), return its text."""
    answer = qmp(path, "human-monitor-command", timeout, **{"command-line": line})
    return str(answer).strip()


def _ask(stream: Any, command: str, arguments: dict[str, object]) -> Any:
    stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(f"QEMU refuses {command} {arguments}: {answer['error']['desc']}")
        if "return" in answer:
            return answer["return"]
    if command == "quit":
        return None
    raise LabError(f"QEMU ended while it was asked to {command}")
