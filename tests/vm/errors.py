"""The one family of errors that the lab raises, and what their texts show of a log."""

from __future__ import annotations

from pathlib import Path


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what, where and what to do next."""


def tail(path: Path, lines: int) -> str:
    """The end of a log, for an error's message."""
    if not path.exists():
        return "(nothing)"
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r", "")
    return "\n".join(text.splitlines()[-lines:])
