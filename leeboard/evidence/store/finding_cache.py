"""Findings from the store, equal ones kept once: the devices of an estate say much the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from leeboard.evidence.bundles.schema import read_part
from leeboard.evidence.bundles.texts import full
from leeboard.model.finding import Finding


class FindingPool:
    """Reads findings. What was read before costs neither its parts nor memory a second time."""

    def __init__(self, line_of: Callable[[str], bytes]) -> None:
        """`line_of` gives the line of texts with a digest."""
        self._line_of = line_of
        self._texts: dict[str, Any] = {}
        self._known: dict[tuple[str, str], Finding] = {}

    def read(self, judged: bytes, texts: str) -> tuple[Finding, ...]:
        """The findings in a line of them. Raises ValueError, KeyError or TypeError for what `as_json` did not write."""
        found = read_part(judged)["findings"]
        return tuple(self._known.get((texts, one)) or self._new(texts, one) for one in map(json.dumps, found))

    def _new(self, texts: str, one: str) -> Finding:
        if texts not in self._texts:
            self._texts[texts] = read_part(self._line_of(texts))["texts"]
        (whole,) = full([json.loads(one)], self._texts[texts])
        return self._known.setdefault((texts, one), Finding.from_json(whole))
