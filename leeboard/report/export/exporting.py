"""Write what is kept in a format: into one file, a file a school, or onto a stream. A file is whole or not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from leeboard.errors import LeeboardError
from leeboard.report.export.junit_file import JunitWriter
from leeboard.report.export.prometheus import PrometheusWriter
from leeboard.report.export.sarif import SarifWriter
from leeboard.report.export.source import Since, Source
from leeboard.report.export.tables import CsvWriter, JsonWriter
from leeboard.report.export.workbook import WorkbookWriter
from leeboard.report.export.writers import Piece, Writer
from leeboard.storage import files

# What a file of each format is called behind the dot.
ENDINGS = {
    "xlsx": "xlsx",
    "csv": "csv",
    "json": "json",
    "junit": "xml",
    "sarif": "sarif",
    "prometheus": "prom",
}
PARTIAL = ("xlsx", "csv", "json")
OPEN_TO_ALL = 0o644  # node_exporter has an account of its own; the figures name no device and nobody


@dataclass(frozen=True)
class Wanted:
    """A format, the schools, and whether only what changed. `night`: when the last check of all schools ended."""

    format: str
    urns: Sequence[str]
    since: Since | None = None
    night: datetime | None = None


def export(source: Source, wanted: Wanted, to: Path) -> list[Path]:
    """Write a file, or one a school where `to` is a folder, and return what was written.

    All schools' figures for Prometheus stand in one file, in a folder too. Raises LeeboardError where a file cannot be
    written; those of other schools may be there by then.
    """
    ending = ENDINGS[wanted.format]
    try:
        if not to.is_dir():
            _write(source, wanted, wanted.urns, to)
            return [to]
        if wanted.format == "prometheus":
            _write(source, wanted, wanted.urns, to / "leeboard.prom")
            return [to / "leeboard.prom"]
        for urn in wanted.urns:
            _write(source, wanted, [urn], to / f"{urn}.{ending}")
        return [to / f"{urn}.{ending}" for urn in wanted.urns]
    except OSError as problem:
        where = problem.filename or to
        raise LeeboardError(f"{where}: cannot be written: {problem.strerror or problem}") from None


def write(source: Source, wanted: Wanted, urns: Iterable[str], file: BinaryIO, piped: bool = False) -> None:
    """Write schools one after the other into an open file. `piped`: other programs read it, and no spreadsheet."""
    writer = _writer(source, wanted, file, piped)
    names = source.names()
    for urn in urns:
        status = source.status(urn)
        only = source.changed_devices(status, urn, wanted.since) if wanted.since else None
        text = wanted.since.text if wanted.since else ""
        writer.school(Piece(urn, names.get(urn, ""), status, only, text))
        if isinstance(writer, PrometheusWriter):
            bundles = [one for one in source.bundles(urn) if one.link.action in ("check", "enforce")]
            whole = [one.started for one in bundles if not one.broken_off]
            last = bundles[-1] if bundles else None
            writer.runs(
                urn, last.started if last else None, whole[-1] if whole else None, last.broken_off if last else False
            )
    writer.close()


def _write(source: Source, wanted: Wanted, urns: Iterable[str], path: Path) -> None:
    with files.replaced(path, mode=OPEN_TO_ALL if wanted.format == "prometheus" else 0o600) as file:
        write(source, wanted, urns, file)


def _writer(source: Source, wanted: Wanted, file: BinaryIO, piped: bool) -> Writer:
    match wanted.format:
        case "xlsx":
            return WorkbookWriter(file, source.at)
        case "csv":
            return CsvWriter(file, mark=not piped)
        case "json":
            return JsonWriter(file)
        case "junit":
            return JunitWriter(file)
        case "sarif":
            return SarifWriter(file)
        case _:
            return PrometheusWriter(file, source.at, wanted.night)
