"""Verdicts as spans of time, whatever the order in which they become known. Pure.

A span is a longest row of observations of one control on one device with the same verdict, mode and cause. It is kept
with the runs in which it began and in which the next one began; that nothing else was seen in between is what it says.
Putting a late observation into the middle of another span cuts it in two, and where the second part begins can only be
told from the next observation, which is why `after` is asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    """`verdict` and `mode` held, for that `cause`, from the run `since` until the run `until` (None: still)."""

    verdict: str
    mode: str
    since: str
    until: str | None = None
    cause: str | None = None

    @property
    def what(self) -> tuple[str, str, str | None]:
        """What two observations of one span have in common."""
        return self.verdict, self.mode, self.cause


def put(spans: Sequence[Span], new: Span, after: Callable[[str], str | None]) -> list[Span]:
    """The spans with one more observation in them: `new`, which was made by the run that it is `since`.

    `spans` are in order of time. `after(run)` gives the next run after it that observed this control, or None. Its run
    is none of those already in.
    """
    found, run = list(spans), new.since
    place = sum(span.since < run for span in found) - 1  # the span that holds at `run`, -1 before the first
    if place >= 0 and found[place].what == new.what:
        return found
    if place < 0:
        if found and found[0].what == new.what:
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
    if later and later[0].what == new.what:
        return [*found[:place], replace(around, until=run), replace(later[0], since=run), *later[1:]]
    return [*found[:place], replace(around, until=run), replace(new, until=around.until), *later]
