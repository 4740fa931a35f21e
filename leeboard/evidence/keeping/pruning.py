"""Putting the oldest bundles of a school away. Their history is on the disk, in the chain, before the first one goes.

What goes is an unbroken beginning of the chain. It ends before what the baseline wants kept, and before the bundle that
has the only observation of a device.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import PRUNE, History, Pruned
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.chain_checks import chain_problems
from leeboard.evidence.loading.ingest import load_first
from leeboard.evidence.loading.pruned import history
from leeboard.evidence.loading.school_folder import SchoolFolder, look
from leeboard.evidence.store.second_store import second_store
from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import VisitRow
from leeboard.model.run_id import new_run_id
from leeboard.model.words import day, number
from leeboard.policy.model import Baseline
from leeboard.storage import files
from leeboard.version import __version__


@dataclass(frozen=True)
class Plan:
    """What would go from a school's folder. `links` are all up to the cut, those that were put away before included.

    `files` are removed: those of the bundles, and what a killed prune left. `first`, `last` and `kept` are when the
    oldest and the newest that go began, and the oldest that stays. `why` says what keeps more from going.
    """

    urn: str
    links: tuple[Link, ...]
    fresh: int
    files: tuple[Path, ...]
    size: int
    first: datetime | None
    last: datetime | None
    kept: datetime | None
    why: str


def plan(store: Store, folder: Path, before: datetime, limit: datetime) -> Plan:
    """What may be put away of the runs before a moment, where the oldest that stays began by `limit` at the latest.

    Every byte is read. Raises LeeboardError where the school's evidence is not whole, or the store does not know it.
    """
    school = look(folder, store, folder.parent, verify=True)
    problems = [*school.problems, *chain_problems(folder, school.order, school.paths, school.away.links)]
    if problems:
        raise LeeboardError(f"{problems[0]}; nothing is put away before leeboard verify {school.urn} finds no fault")
    links, known = school.order.links, school.known
    if [one.file_sha256 for one in known] != [link.sha256 for link in links]:
        raise LeeboardError(f"school {school.urn}: the store knows other runs than lie there; leeboard rebuild helps")
    older = next((number for number, one in enumerate(known) if one.started >= before), len(known) - 1)
    cut, why = older, ""
    alone, assets = _only_observations(store, school.urn)
    needed = next((number for number, one in enumerate(known) if one.place == alone), len(known))
    if needed < cut:
        cut = needed
        why = f"run {known[cut].run} has the only observation of {assets}; if it is gone for good, leeboard forget"
    while cut > 0 and known[cut].started > limit:
        cut -= 1
        why = f"FWD-04 wants the evidence since {day(limit)}"
    while cut > 0 and links[cut - 1].sha256 in school.order.received:
        cut -= 1  # it goes with its receipt, or stays with it
    gone = max(cut, len(school.away.links))
    fresh = [school.paths[link.sha256] for link in links[len(school.away.links) : gone]]
    going = known[len(school.away.links) : gone]
    return Plan(
        urn=school.urn,
        links=links[:gone],
        fresh=len(fresh),
        files=(*school.leftovers, *fresh),
        size=sum(path.stat().st_size for path in (*school.leftovers, *fresh)),
        first=going[0].started if going else None,
        last=going[-1].started if going else None,
        kept=known[gone].started if gone < len(known) else None,
        why=why,
    )


def prune(store: Store, folder: Path, planned: Plan, word: tuple[str, str], at: datetime, baseline: Baseline) -> None:
    """Do it, at the moment `at`; `word` is by whom and why. Raises LeeboardError, and nothing has gone then.

    Whoever is killed leaves all of it, or the history and files that count no more: doing it again ends that.
    """
    lock = SchoolLock(folder.parent, folder.name, new_run_id(at))
    try:
        school = look(folder, store, folder.parent)
        there = [link.sha256 for link in school.order.links[: len(planned.links)]]
        if there != [link.sha256 for link in planned.links] or len(school.away.links) > len(planned.links):
            raise LeeboardError(f"school {planned.urn}: a run was recorded meanwhile; nothing was removed, do it again")
        if planned.fresh:
            _keep_history(lock, school, planned, word, at, baseline)
        for path in planned.files:
            path.unlink(missing_ok=True)
        files.sync_folder(folder)
    finally:
        lock.release()


def _keep_history(
    lock: SchoolLock, school: SchoolFolder, planned: Plan, word: tuple[str, str], at: datetime, baseline: Baseline
) -> None:
    """Close a bundle with the history of what goes."""
    last = planned.links[-1]
    with second_store(school.folder.parent) as anew:
        load_first(anew, school, len(planned.links), baseline)
        with anew.reading() as session:
            lines: list[History] = list(history(session, school.urn))
    newest = next(link for link in reversed(school.order.links) if link.sha256 in school.paths)
    with Reader(school.paths[newest.sha256]) as reader:
        name = reader.header.school
    pruned = Pruned(
        sha256=last.sha256, turn=school.turns[last.sha256], runs=len(planned.links), by=word[0], reason=word[1]
    )
    writer = Writer(lock, new_run_id(at), name, Origin(__version__, PRUNE, "", ""), (), pruned=pruned)
    for line in lines:
        writer.history(line)
    writer.close(at)


def _only_observations(store: Store, urn: str) -> tuple[int | None, str]:
    """The place of the oldest bundle that has the latest observation of a device, and whose.

    Were it put away with all before it, nothing of the device would be left.
    """
    with store.reading() as session:
        mine = (VisitRow.urn == urn, VisitRow.observed.is_not(None))
        place = session.scalar(select(func.min(VisitRow.observed)).where(*mine))
        assets = list(
            session.scalars(select(VisitRow.asset).where(*mine, VisitRow.observed == place).order_by("asset"))
        )
    more = f" and {number(len(assets) - 1, 'more device')}" if len(assets) > 1 else ""
    return place, f"{assets[0]}{more}" if assets else ""
