"""Bundles from files and folders into the store, with the chain of a school's folder checked on the way.

One bundle that cannot be loaded is one problem; the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence import bundle, bundle_files, chain, redating
from leeboard.evidence.dating import Link, dated, is_ahead, is_moment, suffix
from leeboard.evidence.hash_cache import Hashes
from leeboard.evidence.loading import load
from leeboard.evidence.reader import Reader
from leeboard.evidence.store import Store, StoredBundle, StoreLost
from leeboard.model.device import URN
from leeboard.model.run_id import started_of
from leeboard.model.words import day
from leeboard.policy.model import Baseline
from leeboard.storage import files


@dataclass
class Ingested:
    """What came of it: how many bundles were new and known, what could not be loaded, and what is worth knowing."""

    new: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Into:
    """Where bundles are loaded, and what they are judged by; `evidence` says in its folders what was forgotten."""

    store: Store
    baseline: Baseline
    evidence: Path | None
    verify: bool
    at: datetime


@dataclass(frozen=True)
class _File:
    """A closed bundle, whatever it says. `stored` is what the store knows it as."""

    path: Path
    link: Link
    stored: StoredBundle | None


def ingest(
    store: Store,
    paths: Sequence[Path],
    baseline: Baseline,
    evidence: Path | None = None,
    verify: bool = False,
    anew: bool = False,
    at: datetime | None = None,
) -> Ingested:
    """Load bundles; a folder may be the evidence folder or one school's. Raises LeeboardError when the store fails.

    What was forgotten is not loaded again: the folder of a bundle says so, and the school's own in `evidence`. In
    folders of `evidence` a bundle that was loaded, and that nobody wrote since, is not read again unless to `verify`.
    With `anew` all that the store knows of the folders' schools is taken out first, where every bundle of it is there.
    `at` is this moment.
    """
    done = Ingested()
    places = [(path, _folders(path) if path.is_dir() and not path.is_symlink() else []) for path in paths]
    if anew:
        done.problems += _cleared(store, [folder for _, folders in places for folder in folders])
    into = _Into(store, baseline, evidence, verify, at or datetime.now(UTC))
    for path, folders in places:
        for folder in folders:
            _folder(into, folder, done)
        if not folders:
            _alone(into, path, done)
    return done


def load_schools(store: Store, evidence: Path, urns: Iterable[str], baseline: Baseline) -> list[str]:
    """Load what lies in these schools' folders of the evidence folder; the problems that were met."""
    folders = [folder for folder in (evidence / urn for urn in urns) if folder.is_dir()]
    return ingest(store, folders, baseline, evidence).problems


def _cleared(store: Store, folders: Sequence[Path]) -> list[str]:
    """Take the schools of these folders out of the store; what is wrong where one has bundles that are not there."""
    paths: dict[str, list[Path]] = {}
    for folder in folders:
        paths.setdefault(folder.name, []).extend(bundle_files.bundles(folder))
    problems = []
    for urn, found in paths.items():
        hashes, runs = set(), {path.name.partition(".")[0] for path in found}
        for path in found:
            with suppress(LeeboardError, OSError):
                hashes.add(chain.file_digest(path))
        away = [
            one.run
            for one in store.bundles([urn])
            if (one.file_sha256 not in hashes if one.file_sha256 else one.run not in runs)
        ]
        if away:
            problems.append(
                f"school {urn}: was not loaded anew, since the store knows {len(away)} runs whose bundles are not here "
                f"({', '.join(away[:3])}); name the folders that have them as well"
            )
        else:
            redating.clear(store, urn)
    return problems


def _folder(into: _Into, folder: Path, done: Ingested) -> None:
    ours = into.evidence is not None and folder.parent.resolve() == into.evidence.resolve()
    hashes = Hashes(folder, every=into.verify, kept=ours)
    known = into.store.bundles([folder.name])
    closed: list[_File] = []
    opened: list[Path] = []
    for path in bundle_files.bundles(folder):
        if bundle_files.is_closed(path):
            if (found := _hashed(path, hashes, known, done)) is not None:
                closed.append(found)
        elif files.is_locked(folder / bundle.LOCK):
            done.notes.append(f"{path}: its run is still going on; it is loaded when it has ended")
        else:
            opened.append(path)
    hashes.save()
    counts = _dates(into, folder.name, closed, known, done)
    closed.sort(key=lambda one: counts[one.link.sha256] or one.link.run)
    for one in closed:
        run = counts[one.link.sha256]
        if run is None:
            done.problems.append(_held(one.path, one.link.run))
        if one.stored is not None:
            done.known += 1
            done.runs.add(one.stored.run)
        elif run is not None:
            _load(into, one.path, done, folder.name, one.link.sha256, run)
    for path in opened:
        _alone(into, path, done, folder.name)
    if closed:
        done.problems.extend(_chain(folder, [(one.path, one.link) for one in closed]))


def _hashed(path: Path, hashes: Hashes, known: Sequence[StoredBundle], done: Ingested) -> _File | None:
    """A closed bundle by its hash, whether or not it can be read; None when its bytes cannot."""
    run = path.name.partition(".")[0]
    try:
        if not is_moment(run):
            raise LeeboardError(f"{path}: is named after a moment that no clock tells; it was renamed, or made by hand")
        digest = hashes.of(path, {one.file_sha256 for one in known if one.file_sha256})
    except (LeeboardError, OSError) as problem:
        done.problems.append(_unread(path, problem))
        return None
    same = (one for one in known if one.file_sha256 == digest and suffix(one.run) == suffix(run))
    stored = next(same, None)
    if stored is not None and stored.run == run:
        return _File(path, Link(run, digest, stored.previous), stored)
    previous: str | None = ""
    claim = run
    with suppress(LeeboardError, OSError), Reader(path) as reader:  # what is wrong with it, loading it says
        claim, previous = reader.header.run, reader.header.follows
    return _File(path, Link(claim, digest, previous), stored if claim == run else None)


def _dates(
    into: _Into, urn: str, closed: Sequence[_File], known: Sequence[StoredBundle], done: Ingested
) -> Mapping[str, str | None]:
    """At which run each bundle counts, by its hash; the store is brought to that before anything is loaded."""
    here = {one.link.sha256 for one in closed}
    elsewhere = [
        Link(one.run, one.file_sha256, one.previous)
        for one in known
        if one.file_sha256 is not None and one.file_sha256 not in here
    ]
    counts = dated([*(one.link for one in closed), *elsewhere], into.at)
    # What was loaded while it was open is known by its run alone.
    waiting = {one.run: one.run for one in known if one.file_sha256 is None}
    stored_as = {one.file_sha256: one.run for one in known if one.file_sha256 is not None}
    stored_as |= {one.link.sha256: one.link.run for one in closed if one.link.run in waiting and one.stored is None}
    moves = {old: new for sha256, old in stored_as.items() if sha256 and (new := counts.get(sha256)) and new != old}
    if moves and not redating.redate(into.store, urn, moves):
        first = min(moves)
        done.problems.append(
            f"school {urn}: a clock was wrong when run {first} or one near it began, and the store has its runs in the "
            "order of that clock: newer answers may be missing in reports; put it right with leeboard ingest --anew"
        )
    elif moves:
        done.notes.extend(f"school {urn}: run {old} counts as {new}: a clock was wrong" for old, new in moves.items())
    return counts


def _alone(into: _Into, path: Path, done: Ingested, urn: str = "") -> None:
    """Load one file that no chain says anything about: one that was named, or one that is still open."""
    closed = bundle_files.is_closed(path)
    try:
        if not closed and not bundle.has_header(path):
            done.notes.append(f"{path}: its run died before it saw anything; the next run removes the file")
            return
        digest = chain.file_digest(path) if closed else None
    except (LeeboardError, OSError) as problem:
        done.problems.append(_unread(path, problem))
        return
    _load(into, path, done, urn, digest)


def _load(into: _Into, path: Path, done: Ingested, urn: str, digest: str | None, run: str | None = None) -> None:
    """Load a bundle, as `run` where a chain has dated it."""
    try:
        with Reader(path) as reader:
            _named_as_it_says(path, reader, urn)
            if run is None and is_ahead(reader.header.run, into.at):
                known = into.store.bundles([reader.header.school.urn])
                if digest is not None and any(one.file_sha256 == digest for one in known):
                    done.known += 1
                else:
                    done.problems.append(_held(path, reader.header.run))
                return
            loaded = load(into.store, reader, into.baseline, digest, into.evidence, run)
            done.new += loaded.new
            done.known += not loaded.new
            done.runs.add(loaded.run)
            done.notes.extend(f"{path}: {failed}" for failed in loaded.failed)
    except StoreLost:
        raise
    except (LeeboardError, OSError) as problem:
        done.problems.append(_unread(path, problem))


def _unread(path: Path, problem: LeeboardError | OSError) -> str:
    return f"{path}: cannot be read: {problem.strerror}" if isinstance(problem, OSError) else str(problem)


def _held(path: Path, run: str) -> str:
    return (
        f"{path}: says that it began on {day(started_of(run))}, more than a day from now, so that a clock is or was "
        "wrong; its answers are kept and do not count before the school's next run has followed it"
    )


def _named_as_it_says(path: Path, reader: Reader, urn: str) -> None:
    run = path.name.partition(".")[0]
    if urn and (run, urn) != (reader.header.run, reader.header.school.urn):
        raise LeeboardError(
            f"{path}: says that it is run {reader.header.run} of school {reader.header.school.urn}; "
            "it was renamed or lies in the wrong folder: put it back where it belongs"
        )


def _chain(folder: Path, ordered: Iterable[tuple[Path, Link]]) -> list[str]:
    """What is wrong with the order in which a school's bundles name each other; they come in the order that counts."""
    found = list(ordered)
    hashes = {link.sha256 for _, link in found}
    problems = []
    named: dict[str | None, Path] = {}
    for place, (path, link) in enumerate(found):
        if link.previous == "":
            continue  # what it follows cannot be read; whether it was changed, the next one's header tells
        twin = named.setdefault(link.previous, path)
        if twin != path:
            problems.append(
                f"{path}: follows the same bundle as {twin.name}; one of them was not written by a run here"
            )
        elif place and link.previous is None:
            problems.append(f"{path}: says that it is the school's first bundle, and there are older ones")
        elif place and link.previous not in hashes:
            # What came before the oldest one may have been put away by rule.
            problems.append(
                f"{path}: the bundle before it is missing or was changed after it was closed "
                f"(sha256 {str(link.previous)[:16]}…); look for it in a backup of {folder}"
            )
    run, newest = _noted(folder)
    # A run that was killed while it closed its bundle has noted it and left it open; the next run closes it.
    if newest is not None and newest not in hashes and not (folder / f"{run}{bundle_files.OPEN}").exists():
        problems.append(f"{folder}: the newest bundle is missing or was changed after it was closed; look in a backup")
    return problems


def _noted(folder: Path) -> tuple[str, str | None]:
    """Run and hash of the newest bundle, as the folder's note has it; None without a note, "" for a damaged one."""
    content = files.read_regular(folder / chain.TIP, 4096)
    if content is None:
        return "", None
    try:
        said = json.loads(content)
        return str(said["run"]), str(said["sha256"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _folders(path: Path) -> list[Path]:
    """The schools' folders of an evidence folder, or the folder itself where it has none."""
    if URN.match(path.name):
        return [path]
    inner = sorted(one for one in path.iterdir() if URN.match(one.name) and one.is_dir() and not one.is_symlink())
    return inner or [path]
