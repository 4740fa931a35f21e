"""Bundles from files and folders into the store, with the chain of a school's folder checked on the way.

One bundle that cannot be loaded is one problem; the others go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.device import URN
from leeboard.evidence import bundle, files
from leeboard.evidence.hashed import Hashes
from leeboard.evidence.lines import RUN_ID
from leeboard.evidence.loading import load
from leeboard.evidence.reader import Reader
from leeboard.evidence.store import Store, StoredBundle, StoreLost
from leeboard.policy.model import Baseline


@dataclass
class Ingested:
    """What came of it: how many bundles were new and known, what could not be loaded, and what is worth knowing."""

    new: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Link:
    """A closed bundle as a link of its school's chain. `previous` is "" where its header cannot be read."""

    path: Path
    run: str
    sha256: str
    previous: str | None


@dataclass(frozen=True)
class _Into:
    """Where bundles are loaded, and what they are judged by; `evidence` says in its folders what was forgotten."""

    store: Store
    baseline: Baseline
    evidence: Path | None
    known: dict[tuple[str, str], StoredBundle]
    verify: bool


def ingest(
    store: Store, paths: Sequence[Path], baseline: Baseline, evidence: Path | None = None, verify: bool = False
) -> Ingested:
    """Load bundles; a folder may be the evidence folder or one school's. Raises LeeboardError when the store fails.

    What was forgotten is not loaded again: the folder of a bundle says so, and the school's own in `evidence`. In
    folders of `evidence` a bundle that was loaded, and that nobody wrote since, is not read again unless to `verify`.
    """
    done = Ingested()
    into = _Into(store, baseline, evidence, {(found.urn, found.run): found for found in store.bundles()}, verify)
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            for folder in _folders(path):
                _folder(into, folder, done)
        else:
            _file(into, path, done)
    return done


def load_schools(store: Store, evidence: Path, urns: Iterable[str], baseline: Baseline) -> list[str]:
    """Load what lies in these schools' folders of the evidence folder; the problems that were met."""
    folders = [folder for folder in (evidence / urn for urn in urns) if folder.is_dir()]
    return ingest(store, folders, baseline, evidence).problems


def _folder(into: _Into, folder: Path, done: Ingested) -> None:
    links: list[_Link] = []
    ours = into.evidence is not None and folder.parent.resolve() == into.evidence.resolve()
    hashes = Hashes(folder, every=into.verify, kept=ours)
    for path in sorted(folder.iterdir()):
        run = path.name.partition(".")[0]
        if not RUN_ID.match(run) or not path.name.endswith((bundle.OPEN, bundle.CLOSED)):
            continue
        if path.name.endswith(bundle.OPEN) and files.is_locked(folder / bundle.LOCK):
            done.notes.append(f"{path}: its run is still going on; it is loaded when it has ended")
            continue
        link = _file(into, path, done, folder.name, hashes)
        if link is not None and path.name.endswith(bundle.CLOSED):
            links.append(link)
    hashes.save()
    if links:
        done.problems.extend(_chain(folder, links))


def _file(into: _Into, path: Path, done: Ingested, urn: str = "", hashes: Hashes | None = None) -> _Link | None:
    """Load one file; what it is in the chain by its hash, whatever it says; None when its bytes could not be read."""
    link = None
    try:
        closed = path.name.endswith(bundle.CLOSED)
        if not closed and not bundle.has_header(path):
            done.notes.append(f"{path}: its run died before it saw anything; the next run removes the file")
            return None
        run = path.name.partition(".")[0]
        before = into.known.get((urn, run))
        digest = None
        if closed:
            known_by = before.file_sha256 if before is not None else None
            digest = hashes.of(path, known_by) if hashes is not None else bundle.file_digest(path)
            link = _Link(path, run, digest, "")
        if before is not None and digest is not None and before.file_sha256 == digest:
            done.known += 1
            done.runs.add(run)
            return _Link(path, run, digest, before.previous)
        with Reader(path) as reader:
            link = _Link(path, reader.header.run, digest or "", reader.header.previous)
            _named_as_it_says(path, reader, urn)
            loaded = load(into.store, reader, into.baseline, digest, into.evidence)
            done.new += loaded.new
            done.known += not loaded.new
            done.runs.add(loaded.run)
            done.notes.extend(f"{path}: {failed}" for failed in loaded.failed)
    except StoreLost:
        raise
    except LeeboardError as problem:
        done.problems.append(str(problem))
    except OSError as problem:
        done.problems.append(f"{path}: cannot be read: {problem.strerror}")
    return link


def _named_as_it_says(path: Path, reader: Reader, urn: str) -> None:
    run = path.name.partition(".")[0]
    if urn and (run, urn) != (reader.header.run, reader.header.school.urn):
        raise LeeboardError(
            f"{path}: says that it is run {reader.header.run} of school {reader.header.school.urn}; "
            "it was renamed or lies in the wrong folder: put it back where it belongs"
        )


def _chain(folder: Path, links: Iterable[_Link]) -> list[str]:
    """What is wrong with the order in which a school's bundles name each other."""
    ordered = sorted(links, key=lambda link: link.run)
    hashes = {link.sha256 for link in ordered}
    problems = []
    named: dict[str | None, _Link] = {}
    for place, link in enumerate(ordered):
        if link.previous == "":
            continue  # what it follows cannot be read; whether it was changed, the next one's header tells
        twin = named.setdefault(link.previous, link)
        if twin is not link:
            problems.append(
                f"{link.path}: follows the same bundle as {twin.path.name}; one of them was not written by a run here"
            )
        elif place and link.previous is None:
            problems.append(f"{link.path}: says that it is the school's first bundle, and there are older ones")
        elif place and link.previous not in hashes:
            # What came before the oldest one may have been put away by rule.
            problems.append(
                f"{link.path}: the bundle before it is missing or was changed after it was closed "
                f"(sha256 {str(link.previous)[:16]}…); look for it in a backup of {folder}"
            )
    run, newest = _noted(folder)
    # A run that was killed while it closed its bundle has noted it and left it open; the next run closes it.
    if newest is not None and newest not in hashes and not (folder / f"{run}{bundle.OPEN}").exists():
        problems.append(f"{folder}: the newest bundle is missing or was changed after it was closed; look in a backup")
    return problems


def _noted(folder: Path) -> tuple[str, str | None]:
    """Run and hash of the newest bundle, as the folder's note has it; None without a note, "" for a damaged one."""
    content = files.read_regular(folder / bundle.TIP, 4096)
    if content is None:
        return "", None
    try:
        said = json.loads(content)
        return str(said["run"]), str(said["sha256"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _folders(path: Path) -> list[Path]:
    if URN.match(path.name):
        return [path]
    inner = sorted(one for one in path.iterdir() if URN.match(one.name) and one.is_dir() and not one.is_symlink())
    return inner or [path]
