"""What a baseline says of some controls on one platform: their own text, and the rows of each table that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import yaml

LINUX, WINDOWS = "linux", "windows"
# The key by which a control names a row, by the table. A table that is not listed here counts as a whole.
KEYS = {"drivers.yml": "driver", "facts.yml": "fact", "parameters.yml": "parameter"}
# What no device is asked: where a control is from, when somebody last looked, and what others ask of schools.
GROUNDS, GROUNDS_TABLES = ("references", "no_uk_source", "reviewed"), ("frameworks.yml", "standards.yml")
FAMILIES = "controls/"


class BaselineText:
    """The files of a baseline by their paths in its folder. Layout and comments do not count."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        said = {name: _grounded(_read(text)) for name, text in texts.items() if name not in GROUNDS_TABLES}
        self._said = {
            platform: {name: _without(one, other) for name, one in said.items()}
            for platform, other in ((LINUX, WINDOWS), (WINDOWS, LINUX))
        }

    def view(self, platform: str, controls: Collection[str] | None) -> dict[str, Any]:
        """What it says to devices of a platform of these controls, or of all (None), by file."""
        mine = self._said[platform]
        if controls is None:
            return mine
        found = {
            name: {**said, "controls": kept}
            for name, said in mine.items()
            if name.startswith(FAMILIES) and (kept := [one for one in said["controls"] if one["id"] in controls])
        }
        for name, said in mine.items():
            if not name.startswith(FAMILIES):
                rows = named(list(found.values()), KEYS[name]) if name in KEYS else said.keys()
                found[name] = {row: said[row] for row in rows if row in said}
        return found


def named(said: Any, key: str) -> set[str]:
    """What stands in it under a key, wherever that is."""
    return {word for value in _under(said, key) for word in ([value] if isinstance(value, str) else value)}


def _grounded(said: Any) -> Any:
    """A file without the grounds of its controls."""
    if not isinstance(said, dict) or "controls" not in said:
        return said
    left = [{key: value for key, value in one.items() if key not in GROUNDS} for one in said["controls"]]
    return {**said, "controls": left}


@cache
def _read(text: bytes) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _under(said: Any, key: str) -> Iterator[Any]:
    for one in said.values() if isinstance(said, dict) else said if isinstance(said, list) else ():
        yield from _under(one, key)
    if isinstance(said, dict) and isinstance(said.get(key), str | list):
        yield said[key]


def _without(node: Any, platform: str) -> Any:
    """What is left of it without all that is about a platform only."""
    if isinstance(node, list):
        return [_without(one, platform) for one in node if not _is_for(one, platform)]
    if isinstance(node, dict):
        kept = {key: one for key, one in node.items() if key != platform and not _is_for(one, platform)}
        return {key: _without(one, platform) for key, one in kept.items()}
    return node


def _is_for(node: Any, platform: str) -> bool:
    if not isinstance(node, dict):
        return False
    said = node.get("platform", node.get("platforms"))
    return said in (platform, [platform])
