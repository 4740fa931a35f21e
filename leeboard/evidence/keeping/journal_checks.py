"""A school's bundles against its journal: was each family on, and was each waiver in it, when a run says that it was?

The header of a bundle names the journal's first lines by their hash, and what its devices carry is compared with what
those lines say. Of what cannot be compared there is a note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate import journal
from leeboard.estate.journal import Anchor, Journal
from leeboard.evidence.bundles.chain import file_digest
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import RECEIVE, Expected
from leeboard.evidence.recording.journal_edits import families_off, waivers_unlike
from leeboard.model.words import number
from leeboard.verdict.waivers import torn

MOST_NAMED = 8


@dataclass(frozen=True)
class _Amiss:
    """A run whose header names other lines than the journal has: the first such anchor, or None where it has none."""

    path: Path
    turn: int
    run: str
    anchor: Anchor | None


class JournalChecks:
    """One school's journal, read once, and its bundles: `add` each of them, then ask for `problems` and `notes`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the school's in the evidence folder."""
        self._urn, self._var = folder.name, folder.parent.parent
        self._path = journal.path_of(self._var, self._urn)
        self._found: list[str] = []
        self._amiss: list[_Amiss] = []
        self._received: set[str] = set()
        self._older = self._foreign = self._right = 0
        self._journal: Journal | None = None
        try:
            self._journal = journal.read(self._var, self._urn)
            self._found += self._journal.problems
        except LeeboardError as problem:
            self._found.append(str(problem))
        except OSError as problem:
            self._found.append(f"{self._path}: cannot be read: {problem.strerror}")

    def add(self, reader: Reader, observed: Collection[str]) -> None:
        """Judge a bundle that was read to its end. `observed` are the assets that answered."""
        header = reader.header
        if header.action == RECEIVE:
            self._received.update(header.heads[1:])
        apart = torn(reader.expected.values()).get(header.school.urn, frozenset())  # waivers none of which counts
        carrying = [
            device
            for device in reader.expected.values()
            if (device.enforce or any(waiver.id not in apart for waiver in device.waivers))
            # One whose variables are wrong is not visited, and its tag may be another than the inventory's.
            and (not device.problem or device.asset in observed)
        ]
        if header.schema_version < 3:
            self._older += bool(carrying)
            return
        kept = self._journal
        if kept is None:
            return
        anchors = {one for one in (header.journal, *reader.anchors.values()) if one is not None}
        wrong = min((one for one in anchors if not kept.holds(one)), key=lambda one: one.lines, default=None)
        if wrong is None and all(reader.anchors[device.asset] for device in carrying):
            self._right = max(self._right, *(one.lines for one in anchors), 0)
            self._found += _unlike(kept, reader, carrying, apart)
        else:
            self._amiss.append(_Amiss(reader.path, header.turn, header.run, wrong))

    def problems(self) -> Iterator[str]:
        """All that is wrong, once every bundle was added."""
        yield from self._found
        own = [one for one in self._amiss if not self._is_foreign(one)]
        self._foreign = len(self._amiss) - len(own)
        own.sort(key=lambda one: (one.turn, one.run))
        lines = self._journal.lines if self._journal is not None else 0
        cut = [one for one in own if one.anchor is not None and one.anchor.lines > lines]
        changed = [one for one in own if one.anchor is not None and one.anchor.lines <= lines]
        without = [one for one in own if one.anchor is None]
        if cut:
            most = max(one.anchor.lines for one in cut if one.anchor is not None)
            yield (
                f"{self._path}: has {number(lines, 'line')}, and {most} were there when {_runs(cut)} began; it was cut "
                "or is an older one: put it back from a backup"
            )
        if changed:
            first = min(one.anchor.lines for one in changed if one.anchor is not None)
            since = self._right + 1 if self._right < first else 1
            place = f"line {first} is" if since == first else f"one of lines {since} to {first} is"
            yield (
                f"{self._path}: {place} not as it was when {_runs(changed)} began: it was changed, taken out or put "
                "in; put the journal back from a backup"
            )
        if without:
            yield (
                f"{self._path}: {_runs(without)} had waivers or families that may be changed, and the header names no "
                "journal; a bundle without one was not written by a run"
            )

    def notes(self) -> Iterator[str]:
        """What could not be compared, once the problems were asked for."""
        if self._older:
            yield f"{self._text(self._older)} older than headers that name the journal; {NOT_COMPARED}"
        if self._foreign:
            yield f"{self._text(self._foreign)} of another controller, whose journal is not here; {NOT_COMPARED}"

    def _text(self, count: int) -> str:
        return (
            f"school {self._urn}: {number(count, 'bundle')} with waivers or enforcement {'is' if count == 1 else 'are'}"
        )

    def _is_foreign(self, one: _Amiss) -> bool:
        return bool(self._received) and file_digest(one.path) in self._received


NOT_COMPARED = "what they say of both is not compared"


def _unlike(kept: Journal, reader: Reader, carrying: Collection[Expected], apart: Collection[str]) -> Iterator[str]:
    """What devices carry, `apart` from these waivers, and the lines that the run's header names do not say."""
    families: dict[str, list[str]] = {}
    waivers: dict[str, list[str]] = {}
    for device in carrying:
        anchor = reader.anchors[device.asset]
        lines = anchor.lines if anchor is not None else 0
        for family in families_off(kept, device, lines):
            families.setdefault(family, []).append(device.asset)
        for id in waivers_unlike(kept, device, lines):
            if id not in apart:
                waivers.setdefault(id, []).append(device.asset)
    place = f"{reader.path}: run {reader.header.run}"
    for family, assets in families.items():
        yield f"{place} let {family} be changed on {_named(assets)}, and the school's journal did not have it on"
    for id, assets in waivers.items():
        yield f"{place} had waiver {id} on {_named(assets)}, and the school's journal did not have it so"


def _named(assets: list[str]) -> str:
    more = f" and {len(assets) - MOST_NAMED} more" if len(assets) > MOST_NAMED else ""
    return ", ".join(assets[:MOST_NAMED]) + more


def _runs(some: list[_Amiss]) -> str:
    return f"run {some[0].run}" + (f" (and {number(len(some) - 1, 'later one')})" if len(some) > 1 else "")
