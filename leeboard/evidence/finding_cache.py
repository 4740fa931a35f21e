"""Findings from the store's text, equal ones kept once: the devices of an estate say much the same."""

from __future__ import annotations

import json

from leeboard.model.finding import Finding


class FindingPool:
    """Reads findings. What was read before costs neither its parts nor memory a second time."""

    def __init__(self) -> None:
        self._known: dict[str, Finding] = {}

    def read(self, text: str) -> tuple[Finding, ...]:
        """The findings in a JSON list. Raises ValueError, KeyError or TypeError for what `as_json` did not write."""
        return tuple(self._known.get(one) or self._new(one) for one in map(json.dumps, json.loads(text)))

    def _new(self, text: str) -> Finding:
        found = Finding.from_json(json.loads(text))
        return self._known.setdefault(text, found)
