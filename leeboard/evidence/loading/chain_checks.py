"""What is wrong with the chain of a school's bundles, whether or not each of them can be read, and with its clocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.order import Ordered
from leeboard.evidence.store.store import StoredBundle
from leeboard.model.words import when


def chain_problems(
    folder: Path, order: Ordered, paths: Mapping[str, Path], away: Collection[str] = frozenset()
) -> list[str]:
    """What is wrong with the order in which a school's bundles name each other; `away` are those that were put away."""
    problems = [f"{paths[digest]}: {reason}" for digest, reason in order.without.items()]
    problems += [f"{folder}: {words}" for words in order.odd]
    received = {head: link.run for link in order.links if link.receives for head in link.heads[1:]}
    problems += [
        f"{folder}: run {run} received a bundle that is not here (sha256 {head[:16]}…); bring it in again"
        for head, run in received.items()
        if head not in paths and head not in away
    ]
    own = [link for link in order.links if link.sha256 not in received and link.sha256 not in away]
    named: dict[str | None, Path] = {}
    for number, link in enumerate(own):
        path = paths[link.sha256]
        twin = named.setdefault(link.follows, path)
        if twin != path:
            problems.append(
                f"{path}: follows the same bundle as {twin.name}; one of them was not written by a run here"
            )
        elif (number or away) and link.follows is None:
            problems.append(f"{path}: says that it is the school's first bundle, and there are older ones")
        elif (number or away) and link.follows not in paths and link.follows not in away:
            # What came before the oldest one may have been put away by rule.
            problems.append(
                f"{path}: the bundle before it is missing or was changed after it was closed "
                f"(sha256 {str(link.follows)[:16]}…); look for it in a backup of {folder}"
            )
    return problems + _newest(folder, paths)


def clock_notes(urn: str, bundles: Sequence[StoredBundle]) -> list[str]:
    """Where a claimed time contradicts that of the bundle before it: a clock was wrong, and decides nothing."""
    return [
        f"school {urn}: run {one.run} says that it began on {when(one.started)}, and comes after run {before.run} of "
        f"{when(before.started)}: a clock was wrong"
        for before, one in pairwise(bundles)
        if one.started < before.started
    ]


def _newest(folder: Path, paths: Mapping[str, Path]) -> list[str]:
    try:
        newest = chain.noted(folder)
    except LeeboardError as problem:
        return [str(problem)]
    # A run that was killed while it closed its bundle has noted it and left it open; the next run closes it.
    if newest is None or newest.sha256 in paths or (folder / f"{newest.run}.jsonl").exists():
        return []
    return [f"{folder}: the newest bundle is missing or was changed after it was closed; look in a backup"]
