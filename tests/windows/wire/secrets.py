"""Does a secret stand in something that a run left behind, in whatever dress?"""

from __future__ import annotations

import base64
import html
import json
import lzma
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape


def traces(secret: str) -> dict[str, bytes]:
    """The forms in which a secret could be found, by name. Base64 is found inside a longer text as well."""
    found = {
        "url": quote(secret).encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "xml": escape(secret).encode(),
        "html": html.escape(secret).encode(),
        "repr": repr(secret)[1:-1].encode(),
    }
    for name, data in (("plain", secret.encode()), ("utf-16", secret.encode("utf-16-le"))):
        found[name] = data
        found[f"{name} hex"] = data.hex().encode()
        found[f"{name} HEX"] = data.hex().upper().encode()
        for shift in range(3):
            # Three bytes make four characters: those at both ends also depend on what stands around the secret.
            whole = base64.b64encode(bytes(shift) + data)
            found[f"{name} base64 at {shift}"] = whole[4 if shift else 0 : len(whole) - 4]
    return found


def leaks(secret: str, *places: str | Path) -> list[str]:
    """Where a secret stands in these texts, files and folders; compressed files are opened."""
    wanted = traces(secret)
    return [
        f"{place}: {name}"
        for place, data in _contents(places)
        for name, trace in wanted.items()
        if trace.lower() in data.lower()
    ]


def _contents(places: tuple[str | Path, ...]) -> list[tuple[str, bytes]]:
    found = []
    for number, place in enumerate(places):
        if isinstance(place, str):
            found.append((f"text {number}", place.encode(errors="surrogateescape")))
            continue
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                found.append((str(path), lzma.decompress(data) if path.suffix == ".xz" else data))
    return found
