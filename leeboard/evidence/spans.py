"""Verdicts as spans of time, whatever the order in which they become known. Pure.

A span is a longest row of observations of one control on one device with the same verdict and mode. It is kept with
the runs in which it began and in which the next one began; that nothing else was seen in between is what it says.
Putting a late observation into the middle of another span cuts it in two, and where the second part begins can only be
told from the next observation, which is why `after` is asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    """`verdict` and `mode` held from the run `since` until the run `until` (None: still)."""

    verdict: str
    mode: str
    since: str
    until: str | None = None


def put(spans: Sequence[Span], run: str, verdict: str, mode: str, after: Callable[[str], str | None]) -> list[Span]:
    """The spans with one more observation in them.

    `spans` are in order of time. `after(run)` gives the next run after it that observed this control, or None. `run`
    is none of those already in.
    """
    found = list(spans)
    place = sum(span.since < run for span in found) - 1  # the span that holds at `run`, -1 before the first
    if place >= 0 and _alike(found[place], verdict, mode):
        return found
    new = Span(verdict, mode, run)
    if place < 0:
        if found and _alike(found[0], verdict, mode):
            return [replace(found[0], since=run), *found[1:]]
        return [replace(new, until=found[0].since if found else None), *found]
    around = found[place]
    following = after(run)
    if following is not None and (around.until is None or following < around.until):
        return [
            *found[:place],
            replace(around, until=run),
            replace(new, until=following),
            replace(around, since=following),
            *found[place + 1 :],
        ]
    later = found[place + 1 :]
    if later and _alike(later[0], verdict, mode):
        return [*found[:place], replace(around, until=run), replace(later[0], since=run), *later[1:]]
    return [*found[:place], replace(around, until=run), replace(new, until=around.until), *later]


def _alike(span: Span, verdict: str, mode: str) -> bool:
    return (span.verdict, span.mode) == (verdict, mode)
