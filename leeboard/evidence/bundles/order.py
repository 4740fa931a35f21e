"""The order of a school's bundles: by turn and writer, and what came from elsewhere where it was received. Pure.

No clock decides. A bundle's turn is one more than the greatest that was known in its folder when its run began; before
schema 3 it follows from the hash of the bundle before it. A bundle of another writer has the place of its receipt: the
bundle of ours that names its hash. docs/decisions/0027-order-and-settings.md says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from leeboard.evidence.bundles.schema import PRUNE, RECEIVE

MOST_AHEAD = 1_000_000  # turns that one bundle may lie above the one before it


@dataclass(frozen=True)
class Link:
    """A closed bundle and what its header says of its place.

    `sha256` is of its file. `heads` are the hashes that it follows, that of its own chain first; `turn` and `writer`
    are 0 and "" before schema 3.
    """

    run: str
    sha256: str
    heads: tuple[str, ...] = ()
    turn: int = 0
    writer: str = ""
    action: str = "check"

    @property
    def receives(self) -> bool:
        """It gives others their place."""
        return self.action == RECEIVE

    @property
    def prunes(self) -> bool:
        """It keeps the history of those before it that were put away."""
        return self.action == PRUNE

    @property
    def follows(self) -> str | None:
        """The bundle before it in its own chain."""
        return self.heads[0] if self.heads else None


@dataclass(frozen=True)
class Ordered:
    """The bundles that have a place, in order, those that have none, by hash with the reason, and what is odd.

    `received` are the hashes of those that came from elsewhere.
    """

    links: tuple[Link, ...]
    without: Mapping[str, str]
    odd: tuple[str, ...] = ()
    received: frozenset[str] = frozenset()


def turns(links: Mapping[str, Link]) -> dict[str, int]:
    """The turn of each bundle by hash: as it says, or, before schema 3, one more than that of the one it follows."""
    found: dict[str, int] = {}
    for start in links:
        way = list(_back(start, links, found))
        turn = found.get(links[way[-1]].follows or "", 0) if way else 0
        for digest in reversed(way):
            turn = links[digest].turn or turn + 1
            found[digest] = turn
    return found


def ordered(links: Iterable[Link], writer: str, newest: str | None = None) -> Ordered:
    """All bundles of a school in their order. What is another's has no place before it is received.

    Ours are those of our `writer`, and whatever our chain, or the bundle `newest` that the folder notes, goes back to:
    a folder that got a new writer keeps its history. Equal turns of one writer are a fork (a var folder that was copied
    or restored): both count, by their hashes.
    """
    by_hash = {link.sha256: link for link in links}
    ours = _ours(by_hash, writer, newest)
    received: dict[str, tuple[Link, int]] = {}
    for link in by_hash.values():
        if link.receives and link.sha256 in ours:
            received.update((digest, (link, number)) for number, digest in enumerate(link.heads[1:], 1))
    own_turns = turns({digest: link for digest, link in by_hash.items() if digest not in received})
    keys: dict[str, tuple[int, str, int, str]] = {}
    without: dict[str, str] = {}
    for digest, link in by_hash.items():
        receipt, number = received.get(digest, (link, 0))
        if digest not in ours and digest not in received:
            without[digest] = "was written by another controller and not received here; leeboard ingest receives it"
            continue
        # What was received comes before the receipt itself, which has no devices.
        place = number - len(receipt.heads) if number else 0
        keys[digest] = (own_turns.get(receipt.sha256, 0), receipt.writer, place, digest)
    found = [by_hash[digest] for digest in sorted(keys, key=keys.__getitem__)]
    _too_far(found, keys, without)
    forks = Counter((keys[link.sha256][0], link.writer) for link in found if keys[link.sha256][2] == 0)
    odd = [
        f"turn {turn} was taken {count} times by one writer: a var folder was copied or put back, and both went on"
        for (turn, _writer), count in forks.items()
        if count > 1
    ]
    there = tuple(link for link in found if link.sha256 not in without)
    return Ordered(there, without, tuple(odd), frozenset(received))


def _ours(links: Mapping[str, Link], writer: str, newest: str | None) -> Collection[str]:
    """The bundles of our own chain, by hash; before schema 3 nobody said whose one was, and what is there is ours."""
    found: dict[str, int] = {}
    for digest, link in links.items():
        if link.writer in ("", writer) or digest == newest:
            found |= dict.fromkeys(list(_back(digest, links, found)), 0)
    return found.keys()


def _too_far(found: list[Link], keys: Mapping[str, tuple[int, str, int, str]], without: dict[str, str]) -> None:
    """Leave out all from the first whose turn nobody can have come to."""
    for before, link in pairwise(found):
        if keys[link.sha256][0] - keys[before.sha256][0] > MOST_AHEAD or before.sha256 in without:
            without[link.sha256] = f"claims turn {link.turn}, more than {MOST_AHEAD} above the one before it"


def _back(start: str, links: Mapping[str, Link], known: Mapping[str, int]) -> Iterator[str]:
    """From a bundle to those before it, up to one whose turn is known, or whose predecessor is not there."""
    seen: set[str] = set()
    digest = start
    while digest in links and digest not in known and digest not in seen:
        seen.add(digest)
        yield digest
        digest = links[digest].follows or ""
