"""The lines of a bundle as they were filed, each device's in one piece, whichever schema and packing it has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.files import open_bundle, unpacked
from leeboard.evidence.bundles.texts import full


def content(path: Path) -> bytes:
    """What a bundle holds, unpacked."""
    with open_bundle(path) as file:
        return b"".join(unpacked(file, path.name))


def lines(path: Path) -> list[dict[str, Any]]:
    """Its lines, with a device's observation and findings in its line."""
    found: list[dict[str, Any]] = []
    parts: dict[str, dict[str, Any]] = {}
    for raw in content(path).splitlines(keepends=True):
        line = json.loads(raw)
        if line["kind"] in ("body", "judged", "texts"):
            parts[hashlib.sha256(raw).hexdigest()] = {key: line[key] for key in line if key != "kind"}
            continue
        if "body" in line:
            line["observation"] = {**line.pop("envelope"), **parts[line.pop("body")]}
        if "judged" in line:
            judged = parts[line.pop("judged")]
            line["findings"] = full(judged["findings"], parts[judged["texts"]]["texts"])
        found.append(line)
    return found
