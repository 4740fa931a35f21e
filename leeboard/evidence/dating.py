"""At which moment a run counts, where clocks were wrong: worked out from the chain of a school's bundles. Pure.

A run's id begins with what its controller's clock said. Bundles follow each other whatever a clock says, since each
names the hash of the one before it, so no run can have begun after the one that follows it.
docs/decisions/0016-the-order-of-runs.md says why it is worked out as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from leeboard.model.run_id import stamp, started_of

AHEAD = timedelta(days=1)  # as much as a run may claim to lie in the future before it is held
LONGEST = timedelta(days=2)  # of a run; a moment in it that is further from its start was told by another clock
SECOND = timedelta(seconds=1)
SUFFIX = 8  # hexadecimal digits at the end of a run id, which stay when a run counts at another moment


@dataclass(frozen=True)
class Link:
    """A closed bundle in a chain: the run that it claims to be, its file's hash, and that of the one before it.

    `previous` is None for a first one, and "" where that cannot be read.
    """

    run: str
    sha256: str
    previous: str | None


def is_ahead(run: str, at: datetime) -> bool:
    """True for a run that claims to have begun more than a day after the moment `at`."""
    return started_of(run) > at + AHEAD


def is_moment(run: str) -> bool:
    """False for a run id that no clock can have told: its month has no such day, or its year has not four digits."""
    try:
        return started_of(run).year >= 1000
    except ValueError:
        return False


def dated(links: Iterable[Link], at: datetime) -> dict[str, str | None]:
    """The run id at which each bundle counts, by its hash; None for one that is held until another one follows it.

    Worked out from the newest back: the newest counts at its own claim, and each other one too, or a second before the
    one that follows it where its claim does not fit in between.
    """
    by_hash = {link.sha256: link for link in links}
    followers: dict[str, Link] = {}
    for link in sorted(by_hash.values(), key=lambda one: one.run, reverse=True):
        if link.previous in by_hash:
            followers[str(link.previous)] = link  # of two that follow the same one, that with the earlier claim
    found: dict[str, str | None] = {}
    for link in by_hash.values():
        if link.sha256 not in followers:
            _date(_back(link, by_hash, followers), at, found)
    return found


def suffix(run: str) -> str:
    """What stays of a run's id when it counts at another moment than it claims."""
    return run[-SUFFIX:]


def moved(moment: datetime, old: str, new: str) -> datetime:
    """A moment within the run `old`, which counts as the run `new`, as far after that one's start.

    One that lies before the old start was told by a clock that was put right meanwhile, or is an older one.
    """
    start, counts = started_of(old), started_of(new)
    after = moment - start
    if timedelta(0) <= after <= LONGEST:
        return counts + after
    return moment if moment <= counts + LONGEST else counts


def restamped(at: str, old: str, new: str) -> str:
    """The same for a moment as the store keeps it."""
    return stamp(moved(datetime.fromisoformat(at), old, new))


def _back(last: Link, by_hash: Mapping[str, Link], followers: Mapping[str, Link]) -> list[Link]:
    """A chain from its oldest bundle to the one that none follows."""
    chain, seen = [last], {last.sha256}
    while (before := by_hash.get(chain[-1].previous or "")) is not None and before.sha256 not in seen:
        if followers[before.sha256] is not chain[-1]:
            break
        seen.add(before.sha256)
        chain.append(before)
    return chain[::-1]


def _date(chain: Sequence[Link], at: datetime, found: dict[str, str | None]) -> None:
    newest = len(chain)
    while newest and is_ahead(chain[newest - 1].run, at):
        newest -= 1
        found[chain[newest].sha256] = None
    if not newest:
        return
    believed = _believed([link.run for link in chain[:newest]], at)
    limit = chain[newest - 1].run
    found[chain[newest - 1].sha256] = limit
    for link in reversed(chain[: newest - 1]):
        if link.run not in believed or link.run >= limit:
            limit = f"{started_of(limit) - SECOND:%Y%m%dT%H%M%SZ}-{suffix(link.run)}"
        else:
            limit = link.run
        found[link.sha256] = limit


def _believed(runs: Sequence[str], at: datetime) -> set[str]:
    """The runs whose claims are in order, as many of them as can be, the newest always among them.

    One claim that is far behind is so told from the many before it, which are not ahead for its sake.
    """
    if all(one < two for one, two in pairwise(runs)):
        return set(runs)
    ends: list[str] = []  # of the rows of each length the end that leaves most room
    places: list[int] = []
    before: list[int] = []
    usable = [run for run in runs[:-1] if run < runs[-1] and not is_ahead(run, at)]
    for place, run in enumerate(usable):
        length = bisect_left(ends, run)
        before.append(places[length - 1] if length else -1)
        if length == len(ends):
            ends.append(run)
            places.append(place)
        else:
            ends[length], places[length] = run, place
    believed = {runs[-1]}
    place = places[-1] if places else -1
    while place >= 0:
        believed.add(usable[place])
        place = before[place]
    return believed
