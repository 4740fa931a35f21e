"""A school's folder: its closed bundles in their order, those that were put away, and what the store knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles.hash_cache import Hashes
from leeboard.evidence.bundles.order import Link, Ordered, ordered, turns
from leeboard.evidence.loading.pruned import PutAway, put_away
from leeboard.evidence.store.store import Store, StoredBundle


@dataclass(frozen=True)
class SchoolFolder:
    """The closed bundles by hash, all in their order (those that were put away among them), and their turns.

    `known` is what the store has of the school, in order. `leftovers` are files of what was put away that are there all
    the same. `problems` and `notes` are lines.
    """

    folder: Path
    paths: Mapping[str, Path]
    order: Ordered
    turns: Mapping[str, int]
    away: PutAway
    known: tuple[StoredBundle, ...]
    leftovers: tuple[Path, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def urn(self) -> str:
        """Whose folder it is."""
        return self.folder.name

    def has(self, sha256: str) -> bool:
        """True for a bundle that is there, or that was put away and its history kept."""
        return sha256 in self.paths or sha256 in self.away.links


def look(folder: Path, store: Store, evidence: Path | None, verify: bool = False) -> SchoolFolder:
    """What lies in a school's folder. With `verify` every byte is read, and nothing believed of the store.

    Raises OSError.
    """
    problems: list[str] = []
    ours = evidence is not None and folder.parent.resolve() == evidence.resolve()
    hashes = Hashes(folder, every=verify, kept=ours)
    known = store.bundles([folder.name])
    by_hash = {one.file_sha256: one for one in known if one.file_sha256}
    paths: dict[str, Path] = {}
    links: dict[str, Link] = {}
    for path in filter(bundle_files.is_closed, bundle_files.bundles(folder)):
        try:
            digest = hashes.of(path, by_hash)
        except (LeeboardError, OSError) as problem:
            problems.append(words(path, problem))
            continue
        stored = by_hash.get(digest)
        if digest in paths:
            problems.append(f"{path}: is {paths[digest].name} once more; take one of them away")
            continue
        paths[digest] = path
        if stored is not None and stored.run != bundle_files.run_of(path):
            problems.append(renamed(path, stored.run, folder.name))
        try:
            known_link = stored.link if stored is not None and not verify else None
            links[digest] = known_link or chain.link_of(path, digest)
        except LeeboardError as problem:
            problems.append(str(problem))
    hashes.save()
    writer, newest = chain.writer_of(folder.parent), _newest(folder)
    order = ordered(links.values(), writer, newest)
    away = PutAway()
    try:
        own = (link for link in order.links if link.sha256 not in order.received)
        away = put_away(own, paths, () if verify else known)
    except LeeboardError as problem:
        problems.append(str(problem))
    leftovers = tuple(sorted(paths[digest] for digest in paths.keys() & away.links.keys()))
    notes = [f"{path}: was put away, and counts no more; leeboard prune removes it" for path in leftovers]
    if away.links:
        paths = {digest: path for digest, path in paths.items() if digest not in away.links}
        links |= away.links
        order = _behind(ordered(links.values(), writer, newest), away)
    counted = turns(links)
    for link in links.values():
        if link.receives:
            counted |= dict.fromkeys(link.heads[1:], counted[link.sha256])
    return SchoolFolder(folder, paths, order, counted, away, tuple(known), leftovers, tuple(problems), tuple(notes))


def renamed(path: Path, run: str, urn: str) -> str:
    """What is said of a bundle whose name is not that of its run, or that lies elsewhere."""
    where = "it was renamed or lies in the wrong folder: put it back where it belongs"
    return f"{path}: says that it is run {run} of school {urn}; {where}"


def words(path: Path, problem: LeeboardError | OSError) -> str:
    """What went wrong with a file, in words."""
    return f"{path}: cannot be read: {problem.strerror}" if isinstance(problem, OSError) else str(problem)


def _behind(order: Ordered, away: PutAway) -> Ordered:
    """The order, without those that would stand among what was put away: nobody can load them there any more."""
    last = max((number for number, link in enumerate(order.links) if link.sha256 in away.links), default=-1)
    late = [link for link in order.links[:last] if link.sha256 not in away.links]
    reason = "belongs among bundles that were put away since, and has no place any more"
    return replace(
        order,
        links=tuple(link for link in order.links if link not in late),
        without={**order.without, **dict.fromkeys((link.sha256 for link in late), reason)},
    )


def _newest(folder: Path) -> str | None:
    with suppress(LeeboardError):  # what is wrong with the note, the chain's checks say
        newest = chain.noted(folder)
        return newest.sha256 if newest else None
    return None
