"""What an unconfirmed checkpoint does to verdicts: a change under one may be gone in a minute, so it is not compliant.

A device says of it in the fact `checkpoint`: its state (armed, putting-back), who holds it, the run, the seconds until
the device puts itself back, and what is not back yet.
"""

from __future__ import annotations

from dataclasses import replace

from leeboard.model.finding import Judged
from leeboard.model.observation import Found, Nothing, Observation, Unreadable
from leeboard.model.values import plain
from leeboard.model.verdicts import Verdict
from leeboard.verdict.codes import Code

FACT = "checkpoint"
LONGEST = 1000  # characters
RIGHT = (Verdict.COMPLIANT, Verdict.PENDING)


def under_checkpoint(judged: Judged, observation: Observation) -> Judged:
    """The verdict on a setting whose driver could cut off, as it is while a checkpoint is held on the device."""
    fact = observation.facts.get(FACT)
    if fact is None or isinstance(fact, Nothing) or judged.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_CHECKED):
        return judged
    if isinstance(fact, Unreadable):
        why = f"whether a checkpoint is held could not be read: {plain(fact.why)}"
        return _unknown(judged, why, fact.code)
    words = held(fact)
    if not words:
        return _unknown(judged, "what the device says of its checkpoint makes no sense", Code.MALFORMED)
    if isinstance(fact.value, list) and fact.value[0] == "putting-back":
        return _unknown(judged, words, Code.BUSY)
    if judged.verdict in RIGHT:
        return replace(judged, verdict=Verdict.PENDING, reason=words, code=Code.PENDING.value)
    return _more(judged, words)


def held(fact: Found) -> str:
    """Who holds the checkpoint, and what is not back yet, in words; empty for what makes no sense."""
    said = fact.value
    if not isinstance(said, list) or len(said) < 4 or said[0] not in ("armed", "putting-back"):
        return ""
    state, by, run, seconds, *left = (plain(one) for one in said)
    if state == "armed":
        return f"{by or 'somebody'} (run {run}) has not confirmed it: the device puts itself back in {seconds} seconds"
    what = f"; not back yet: {', '.join(left)}" if left else ""
    return plain(f"the device is putting back what {by or 'somebody'} (run {run}) changed{what}", LONGEST)


def _unknown(judged: Judged, why: str, code: str) -> Judged:
    if judged.verdict in RIGHT:
        return replace(judged, verdict=Verdict.ERROR, reason=why, code=str(code))
    return _more(judged, why)


def _more(judged: Judged, why: str) -> Judged:
    return replace(judged, reason="; ".join(part for part in (judged.reason, why) if part))
