"""Findings from the store, equal ones kept once: the devices of an estate say much the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from leeboard.evidence.bundles.schema import read_part
from leeboard.evidence.bundles.texts import full
from leeboard.model.finding import Finding, Judged


class FindingPool:
    """Reads findings. What was read before costs neither its parts nor memory a second time.

    A finding that was read before is known by its digest; of one that is new, those settings that were found alike on
    another device are that device's.
    """

    def __init__(self, line_of: Callable[[str], bytes]) -> None:
        """`line_of` gives the line of texts with a digest."""
        self._line_of = line_of
        self._texts: dict[str, Any] = {}
        self._known: dict[tuple[str, bytes], Finding] = {}
        self._judged: dict[tuple[Judged, tuple[type, ...]], Judged] = {}

    def read(self, judged: bytes, texts: str) -> tuple[Finding, ...]:
        """The findings in a line of them. Raises ValueError, KeyError or TypeError for what `as_json` did not write."""
        found = read_part(judged)["findings"]
        return tuple(self._finding(texts, one) for one in found)

    def _finding(self, texts: str, one: Any) -> Finding:
        key = texts, hashlib.blake2b(json.dumps(one).encode(), digest_size=16).digest()
        if key not in self._known:
            if texts not in self._texts:
                self._texts[texts] = read_part(self._line_of(texts))["texts"]
            (whole,) = full([one], self._texts[texts])
            new = Finding.from_json(whole)
            self._known[key] = replace(new, judged=tuple(map(self._once, new.judged)))
        return self._known[key]

    def _once(self, judged: Judged) -> Judged:
        """The first that was equal to this; 1 and True are not."""
        return self._judged.setdefault((judged, tuple(map(type, judged.values))), judged)
