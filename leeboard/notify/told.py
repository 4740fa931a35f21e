"""What somebody was told already: by channel and school the last run, so that a night is told once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.storage import files

FILE = "notified.json"
MOST_BYTES = 16 * 1024 * 1024


@dataclass
class Told:
    """`channels` has by channel (mail, webhook, ...) what was told last, by URN or another name."""

    path: Path
    channels: dict[str, dict[str, str]] = field(default_factory=dict)

    def last(self, channel: str, name: str) -> str:
        """What was told last of it; "" for nothing."""
        return self.channels.get(channel, {}).get(name, "")

    def note(self, channel: str, what: dict[str, str]) -> None:
        """It was told. On the disk when this returns: whoever is killed before tells it twice, with the same id."""
        self.channels.setdefault(channel, {}).update(what)
        files.replace(self.path, json.dumps({"schema": 1, **self.channels}).encode() + b"\n")


@contextmanager
def told(var: Path) -> Iterator[Told]:
    """What was told, while nobody else tells anything. Raises LeeboardError where another process is at it."""
    files.make_folder(var)
    with files.locked(var / f".{FILE}.lock", wait=5):
        yield Told(var / FILE, _read(var / FILE))


def _read(path: Path) -> dict[str, dict[str, str]]:
    content = files.read_regular(path, MOST_BYTES)
    try:
        said = json.loads(content or b"{}")
        return {
            str(channel): {str(name): str(what) for name, what in entries.items()}
            for channel, entries in said.items()
            if channel != "schema"
        }
    except (ValueError, AttributeError) as problem:
        raise LeeboardError(
            f"{path}: makes no sense ({problem}); put it back from a backup, or remove it: then the last run of each "
            "school counts as news once more"
        ) from None
