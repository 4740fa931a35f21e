"""What came of a device, for the command of `leeboard` that started the play: a file for each, in a folder it named."""

from __future__ import annotations

import hashlib
import json
import os


def write_result(folder: str, name: str, outcome: dict) -> None:
    """Write what came of the device called `name`; nothing where no folder was named. Raises OSError."""
    if not folder:
        return
    path = os.path.join(folder, hashlib.sha256(name.encode()).hexdigest() + ".json")
    with open(path + ".tmp", "w", encoding="utf-8") as stream:
        json.dump({"name": name, **outcome}, stream)
    os.replace(path + ".tmp", path)
