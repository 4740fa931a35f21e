"""What became of a change that was made under a checkpoint, as evidence has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = {
    "back": "put back by the device's checkpoint, so it is not there",
    "unknown": "under a checkpoint, and nothing was heard of it since",
}


def became_of(change: Mapping[str, Any]) -> str:
    """What is said of it behind a change, in brackets; empty where the change stayed."""
    words = WORDS.get(str(change.get("checkpoint")))
    return f" ({words})" if words else ""
