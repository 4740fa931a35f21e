"""Bundles of another controller (later also a laptop's own): copied into the school's folder, and given their place.

Their place is their receipt: a bundle of ours without devices whose header names their hashes. So a store that is made
anew from the folder is the same store. The receipt is on the disk before the copies are: whoever is killed in between
is told which are missing, and brings them in again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.files import find, is_closed, open_bundle
from leeboard.evidence.bundles.order import Link, ordered
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import MOST_HEADS, RECEIVE, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.pruned import put_away
from leeboard.model.run_id import new_run_id
from leeboard.storage import files
from leeboard.version import __version__


@dataclass(frozen=True)
class _Foreign:
    """A closed bundle from elsewhere."""

    path: Path
    school: School
    link: Link


def receive(evidence: Path, paths: Iterable[Path], at: datetime) -> set[str]:
    """Take closed bundles in, at the moment `at`; the URNs of their schools. What is there already is left as it is.

    Raises LeeboardError for a file that is no closed bundle, before anything is changed, and for a folder in use.
    """
    by_school: dict[str, list[_Foreign]] = {}
    for path in paths:
        with Reader(path) as reader:
            school = reader.header.school
        if not is_closed(path):
            raise LeeboardError(f"{path}: its run has not ended; bring it in when its bundle is closed")
        one = _Foreign(path, school, chain.link_of(path, chain.file_digest(path)))
        by_school.setdefault(school.urn, []).append(one)
    for urn, found in by_school.items():
        for some in batched(sorted(found, key=_own_order), MOST_HEADS - 1):
            _receive(evidence, urn, some, at)
    return set(by_school)


def _own_order(one: _Foreign) -> tuple[str, int, str]:
    return one.link.writer, one.link.turn, one.link.run


def _receive(evidence: Path, urn: str, found: Sequence[_Foreign], at: datetime) -> None:
    run = new_run_id(at)
    lock = SchoolLock(evidence, urn, run)
    try:
        folder, writer = evidence / urn, chain.writer_of(evidence)
        links = chain.links_of(folder)
        newest = chain.noted(folder)
        ours = ordered(links.values(), writer, newest.sha256 if newest else None)
        named = {head for link in ours.links if link.sha256 not in ours.received for head in link.heads}
        own = (link for link in ours.links if link.sha256 not in ours.received)
        away = put_away(own, {link.sha256: find(folder, link.run) or folder for link in links.values()})
        if gone := next((one for one in found if one.link.sha256 in away.links), None):
            raise LeeboardError(f"{gone.path}: was put away here on request, and its history is kept; leave it out")
        missing = [one for one in found if one.link.sha256 not in links]
        for one in missing:
            if (folder / one.path.name).exists():
                raise LeeboardError(f"{folder / one.path.name}: is there, and {one.path} says something else")
        # One of ours that had been lost has its place in our own chain. Of another writer's that lies there already
        # nobody has said where it belongs; before schema 3 there were no writers, and what lies there is ours.
        strange = [one for one in found if one.link.sha256 in ours.without or one in missing]
        new = [one.link.sha256 for one in strange if one.link.writer != writer and one.link.sha256 not in named]
        if new:
            Writer(lock, run, found[0].school, Origin(__version__, RECEIVE, "", ""), (), received=new).close(at)
        for one in missing:
            _copy(one.path, folder)
    finally:
        lock.release()


def _copy(path: Path, folder: Path) -> None:
    """A bundle into a school's folder; on the disk when this returns."""
    temporary = folder / f".{path.name}.tmp"
    with open_bundle(path) as source, files.held(temporary) as copy:
        shutil.copyfileobj(source, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())
        temporary.replace(folder / path.name)
    files.sync_folder(folder)
