"""Write the site of an estate, a school after the other, so that it takes the memory of one school at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.report.export.source import Source
from leeboard.report.site import estate, school, writing
from leeboard.report.site.school import Brief
from leeboard.report.site.writing import Written
from leeboard.storage import files

LOCK = ".lock"
Mistakes = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Built:
    """How many schools and devices the site has now, and what became of its files."""

    schools: int
    devices: int
    files: Written


def build(source: Source, folder: Path, problems: Sequence[str] = (), mistakes: Mistakes = lambda _urn: ()) -> Built:
    """Write the site into a folder, which is new, empty, or a site already.

    `problems` are those of the whole inventory, and `mistakes` says which of them are a school's own.
    Each school's folder lies below `schools`, and is whole before the next begins. Raises LeeboardError for a folder
    that is none of ours, where nothing is kept, and where a file cannot be written.
    """
    urns = source.urns(None)
    if not urns:
        raise LeeboardError(f"{source.store.shown}: knows of no school yet; run leeboard drift, or leeboard ingest")
    try:
        writing.begin(folder)
        with files.locked(folder / LOCK):
            return _build(source, folder, urns, problems, mistakes)
    except OSError as problem:
        raise LeeboardError(f"{problem.filename or folder}: cannot be written: {problem.strerror or problem}") from None


def _build(source: Source, folder: Path, urns: Sequence[str], problems: Sequence[str], mistakes: Mistakes) -> Built:
    schools, done = folder / "schools", Written()
    briefs: list[Brief] = []
    writing.make_folder(schools, folder)
    for urn in urns:
        made = school.pages_of(source, urn, mistakes(urn))
        if made is None:
            continue
        pages, brief = made
        writing.make_folder(schools / urn, folder)
        done += writing.bring(schools / urn, pages)
        briefs.append(brief)
    here = {one.school.urn for one in briefs}
    for gone in sorted(schools.iterdir()):
        if gone.name not in here and (gone / writing.MANIFEST).is_file():
            done += writing.clear(gone)
    if not briefs:
        writing.bring(folder, {})
        raise LeeboardError(f"{source.store.shown}: knows of no device; what {folder} had of any is taken away")
    briefs.sort(key=lambda one: (one.school.name.casefold(), one.school.urn))
    done += writing.bring(folder, estate.pages_of(source, briefs, problems))
    return Built(len(briefs), sum(one.sums.coverage.devices for one in briefs), done)
