"""Bundles into the store, school by school in the order of their chain; what is wrong with the chain is said.

A school's folder in the evidence folder is loaded where it lies. What comes from elsewhere is received first. One
bundle that cannot be loaded is one problem; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.writer import SchoolLock, seal_leftovers
from leeboard.evidence.loading.chain_checks import chain_problems, clock_notes
from leeboard.evidence.loading.load import Place, Policy, clear, load
from leeboard.evidence.loading.pruned import restore
from leeboard.evidence.loading.receiving import receive
from leeboard.evidence.loading.school_folder import SchoolFolder, look, renamed, words
from leeboard.evidence.notes import member_salt
from leeboard.evidence.store.snapshot import differences, snapshot
from leeboard.evidence.store.store import Store, StoredBundle, StoreLost
from leeboard.model.device import URN
from leeboard.model.run_id import new_run_id
from leeboard.model.words import number
from leeboard.policy.model import Baseline


@dataclass
class Ingested:
    """What came of it: how many bundles were new and known, what could not be loaded, and what is worth knowing.

    `differences` are between what the store said of a school and what its bundles say, where it was loaded anew.
    """

    new: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Into:
    """Where bundles are loaded, and what they are judged by; `evidence` says in its folders what was forgotten."""

    store: Store
    policy: Policy
    evidence: Path | None
    verify: bool
    anew: bool


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

    What does not lie in `evidence` is received into it at the moment `at` (now); without `evidence` each path's own
    folder is loaded. What was forgotten is not loaded again. A bundle that was loaded, and that nobody wrote since, is
    not read again unless to `verify`. With `anew` all that the store knows of the schools is made anew.
    """
    done = Ingested()
    into = _Into(store, Policy.of(baseline), evidence, verify, anew)
    folders = _schools(paths, evidence, at or datetime.now(UTC), done)
    for folder in folders:
        _load_school(into, folder, done)
    left = store.unloaded()
    done.problems += [_not_loaded(folder, left[folder.name]) for folder in folders if folder.name in left]
    return done


def load_schools(store: Store, evidence: Path, urns: Iterable[str], baseline: Baseline) -> list[str]:
    """Load what lies in these schools' folders of the evidence folder; the problems that were met."""
    folders = [folder for folder in (evidence / urn for urn in urns) if folder.is_dir()]
    return ingest(store, folders, baseline, evidence).problems


def load_first(store: Store, school: SchoolFolder, count: int, baseline: Baseline) -> None:
    """Load the first `count` bundles of a school into an empty store. Raises LeeboardError where one does not load."""
    done = Ingested()
    into = _Into(store, Policy.of(baseline), school.folder.parent, verify=True, anew=False)
    for link in school.order.links[:count]:
        with store.writing() as session:
            _load(into, session, school, link, done)
    if done.problems:
        raise LeeboardError(done.problems[0])


def _schools(paths: Sequence[Path], evidence: Path | None, at: datetime, done: Ingested) -> list[Path]:
    """The schools' folders to load, each once; what lies elsewhere is received before."""
    found: dict[Path, None] = {}
    for path in paths:
        is_folder = path.is_dir() and not path.is_symlink()
        folders = _folders(path) if is_folder else [path.absolute().parent]
        for folder in folders:
            if evidence is None or folder.absolute().parent.resolve() == evidence.resolve():
                found[folder] = None
                continue
            try:
                foreign = bundle_files.bundles(folder) if is_folder else [path]
                found.update(dict.fromkeys(evidence / urn for urn in sorted(receive(evidence, foreign, at))))
            except (LeeboardError, OSError) as problem:
                done.problems.append(words(path, problem))
    return list(found)


def _load_school(into: _Into, folder: Path, done: Ingested) -> None:
    seen = len(done.problems)
    try:
        _seal_dead(folder, done)
        school = look(folder, into.store, into.evidence, into.verify)
    except OSError as problem:
        done.problems.append(words(folder, problem))
        return
    done.problems += school.problems
    done.notes += school.notes
    if school.known and not (folder / member_salt.FILE).exists():
        done.notes.append(f"{folder / member_salt.FILE}: is not there; the history of accounts and homes starts anew")
    present = [one for one in school.known if school.has(one.file_sha256)]
    todo = _to_load(into, school, present, done)
    anew = todo is school.order.links and bool(school.known)
    done.known += 0 if anew else len(present)
    done.runs.update(one.run for one in present if not anew)
    last = 0 if anew else max((one.place for one in school.known), default=0)
    if anew:
        with into.store.writing() as session:
            before = snapshot(session, school.urn)
            clear(session, school.urn)
            for link in todo:
                _load(into, session, school, link, done)
            differs = differences(before, snapshot(session, school.urn))
            done.differences += [f"school {school.urn}: {one}" for one in differs]
    else:
        for link in todo:
            with into.store.writing() as session:
                _load(into, session, school, link, done)
    # A bundle that cannot be read says nothing of its place: whether it was changed, the next one's header tells.
    done.problems += chain_problems(folder, school.order, school.paths, school.away.links)
    if seen == len(done.problems) and todo:
        done.notes += clock_notes(school.urn, [*school.known[-1:], *into.store.bundles([school.urn], after=last)])


def _to_load(into: _Into, school: SchoolFolder, present: Sequence[StoredBundle], done: Ingested) -> Sequence[Link]:
    """What to load: the bundles after those that are known, or all (`school.order.links` itself), or none.

    All of them where one has come in that belongs between those that are known, or where that is asked for.
    """
    here = {bundle_files.run_of(path) for path in school.paths.values()}
    here.update(link.run for link in school.away.links.values())
    gone = [one.run for one in school.known if one not in present and one.run not in here]
    other = [one.run for one in school.known if one not in present and one.run in here]
    order = school.order.links
    in_order = [link.sha256 for link in order[: len(present)]] == [one.file_sha256 for one in present]
    done.problems += [
        f"school {school.urn}: run {run} was loaded with other content before; one was changed: compare the file with "
        "its copy, and let leeboard rebuild take what is here"
        for run in other
        if not into.anew
    ]
    todo = order[len(present) :]
    # What was put away comes back whole or not at all.
    whole = not present or not any(link.sha256 in school.away.links for link in todo)
    if in_order and whole and not into.anew and not other:
        return todo
    if gone:
        done.problems.append(
            f"school {school.urn}: cannot be loaded anew, since the store knows {number(len(gone), 'run')} of which no "
            f"bundle is here ({', '.join(gone[:3])}); put them back, or bring them in with leeboard ingest FILE"
        )
        return ()
    return order if into.anew or not other else ()


def _load(into: _Into, session: Session, school: SchoolFolder, link: Link, done: Ingested) -> None:
    """Load one bundle, whole or not at all; with the first of those that were put away, what is kept of them all."""
    if link.sha256 in school.away.links:
        _restore(into, session, school, link, done)
        return
    path = school.paths[link.sha256]
    try:
        with Reader(path) as reader, session.begin_nested():
            _named_as_it_says(path, reader, school.urn)
            salt = member_salt.salt_of(school.folder)
            place = Place(school.turns.get(link.sha256, 0), link, salt, link.sha256 in school.order.received)
            failed = load(session, reader, place, into.policy, into.evidence)
    except StoreLost:
        raise
    except (LeeboardError, OSError) as problem:
        done.problems.append(words(path, problem))
        return
    done.new += failed is not None
    done.known += failed is None
    done.runs.add(link.run)
    done.notes.extend(f"{path}: {one}" for one in failed or ())


def _restore(into: _Into, session: Session, school: SchoolFolder, link: Link, done: Ingested) -> None:
    away = school.away
    if away.kept_in is None or link.sha256 != next(iter(away.links)):
        return
    try:
        with Reader(away.kept_in) as reader, session.begin_nested():
            restore(session, reader, into.evidence)
    except StoreLost:
        raise
    except (LeeboardError, OSError) as problem:
        done.problems.append(words(away.kept_in, problem))
        return
    done.new += len(away.links)
    done.runs.update(one.run for one in away.links.values())


def _seal_dead(folder: Path, done: Ingested) -> None:
    """Close what a dead run left open; one that is going on is left, and said."""
    if not any(not bundle_files.is_closed(path) for path in bundle_files.bundles(folder)):
        return
    try:
        lock = SchoolLock(folder.parent, folder.name, new_run_id(datetime.now(UTC)))
    except LeeboardError as problem:
        done.notes.append(f"{folder}: a bundle is still open: {problem}")
        return
    try:
        seal_leftovers(folder)
    except LeeboardError as problem:
        done.problems.append(str(problem))
    finally:
        lock.release()


def _not_loaded(folder: Path, runs: Sequence[str]) -> str:
    return (
        f"school {folder.name}: an older Leeboard's store knew {number(len(runs), 'run')} of which no bundle is in "
        f"{folder} ({', '.join(runs[:3])}); bring them in with leeboard ingest FILE"
    )


def _named_as_it_says(path: Path, reader: Reader, urn: str) -> None:
    run = bundle_files.run_of(path)
    if (run, urn) != (reader.header.run, reader.header.school.urn):
        raise LeeboardError(renamed(path, reader.header.run, reader.header.school.urn))


def _folders(path: Path) -> list[Path]:
    """The schools' folders of an evidence folder, or the folder itself where it has none."""
    if URN.match(path.name):
        return [path]
    with suppress(OSError):
        inner = sorted(one for one in path.iterdir() if URN.match(one.name) and one.is_dir() and not one.is_symlink())
        return inner or [path]
    return [path]
