"""The verdicts, from best to worst, and how several make one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What we say of one control on one device. The order of the members is the order of badness."""

    NOT_APPLICABLE = "not_applicable"
    COMPLIANT = "compliant"
    WAIVED = "waived"
    PENDING = "pending"
    STALE = "stale"
    MISSING = "missing"
    NOT_CHECKED = "not_checked"
    DRIFTED = "drifted"
    ERROR = "error"

    @property
    def badness(self) -> int:
        """0 for not_applicable up to 8 for error."""
        return ORDER[self]


ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; of none, not_applicable."""
    return max(verdicts, key=lambda verdict: verdict.badness, default=Verdict.NOT_APPLICABLE)
