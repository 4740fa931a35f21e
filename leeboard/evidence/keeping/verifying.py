"""Whether what is kept is what was written: chain and hashes, answers and who gave them, store and journal.

Nothing is changed but what a load would change. What nobody can find before bundles are signed, docs/tampering.md says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles.reader import Reader, Record
from leeboard.evidence.keeping.journal_checks import JournalChecks
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.loading.visits import unanswered
from leeboard.evidence.notes import pins
from leeboard.evidence.store.second_store import second_store
from leeboard.evidence.store.snapshot import differences, snapshot
from leeboard.evidence.store.store import Store
from leeboard.model.identity import sighting
from leeboard.model.observation import parse
from leeboard.policy.model import Baseline

Marks = Mapping[tuple[str, str], str]  # what tells a machine (kind and text) -> the asset that has it


@dataclass
class Verified:
    """What came of it: how many bundles and answers were read to their ends, and what is wrong, in lines.

    `notes` say what could not be compared.
    """

    bundles: int = 0
    answers: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(store: Store, evidence: Path, urns: Sequence[str], baseline: Baseline) -> Verified:
    """Read every byte that is kept of these schools. Raises LeeboardError where the store cannot be used."""
    done = Verified()
    folders = [evidence / urn for urn in urns]
    loaded = ingest(store, folders, baseline, evidence, verify=True)
    done.problems += loaded.problems
    done.problems += [f"the store against its bundles, and is put right: {one}" for one in loaded.differences]
    for folder in folders:
        done.problems += _answers(folder, done)
    with second_store(evidence) as anew:
        ingest(anew, folders, baseline, evidence)
        for urn in urns:
            with store.reading() as kept, anew.reading() as made:
                found = differences(snapshot(kept, urn), snapshot(made, urn))
                done.problems += [f"school {urn}: the store against its bundles: {one}" for one in found]
    return done


def _answers(folder: Path, done: Verified) -> Iterator[str]:
    """What is wrong with a school's bundles: answers of another visit or machine, or what its journal does not say."""
    checks = JournalChecks(folder)
    try:
        marks = _marks(folder)
    except LeeboardError as problem:
        yield str(problem)
        marks = {}
    for path in bundle_files.bundles(folder):
        try:
            with Reader(path) as reader:
                last: dict[str, int] = {}
                for record in reader.devices():
                    if record.line.outcome == "observed":
                        done.answers += 1
                        yield from (f"{path}: {one}" for one in _answer(reader, record, last, marks))
                    elif record.number in reader.spoiled:
                        yield f"{path}: {record.line.asset}: {record.line.message}"
                done.bundles += 1
                checks.add(reader, last)
        except (LeeboardError, OSError) as problem:
            yield f"{path}: {problem.strerror}" if isinstance(problem, OSError) else str(problem)
    yield from checks.problems()
    done.notes += checks.notes()


def _answer(reader: Reader, record: Record, last: dict[str, int], marks: Marks) -> Iterator[str]:
    """What is wrong with one answer. `last` has the number of each device's visit before."""
    line = record.line
    if wrong := unanswered(reader.header, line):
        yield f"{line.asset}: {wrong}"
    if line.visit is not None and line.visit <= last.get(line.asset, 0):
        yield f"{line.asset}: its answer is that of an earlier visit once more"
    last[line.asset] = max(line.visit or 0, last.get(line.asset, 0))
    try:
        seen = sighting(parse({**(line.envelope or {}), "facts": {}, "readings": []}).identity)
    except LeeboardError as problem:
        yield f"{line.asset}: {problem}"
        return
    for kind in ("serial", "uuid"):
        owner = marks.get((kind, getattr(seen, kind) or ""))
        if owner is not None and owner != line.asset:
            yield f"{line.asset}: the machine that is pinned as {owner} gave its answer (its {kind})"


def _marks(folder: Path) -> Marks:
    """Serials and UUIDs that one device of a school alone is pinned with. Raises LeeboardError."""
    found: dict[tuple[str, str], set[str]] = {}
    for asset, pin in pins.read(folder / "pins.json").items():
        for kind in ("serial", "uuid"):
            if mark := getattr(pin.sighting, kind):
                found.setdefault((kind, mark), set()).add(asset)
    return {mark: next(iter(assets)) for mark, assets in found.items() if len(assets) == 1}
