"""Figures for Prometheus, in its text format: for the text file collector of node_exporter. Counts, never a device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.export.writers import Piece, Text
from leeboard.report.silence import is_silent
from leeboard.report.words import clean
from leeboard.verdict.status import EstateStatus
from leeboard.verdict.waivers import State

FIGURES = {
    "leeboard_school_info": "The name of a school; always 1.",
    "leeboard_devices": "Devices of a school that are expected.",
    "leeboard_devices_clear": "Devices seen in the last run that meet all that Leeboard can check.",
    "leeboard_devices_drifted": "Devices with drift, enforced or only reported.",
    "leeboard_devices_unknown": "Devices of which something is not known, those not seen in the last run among them.",
    "leeboard_devices_silent": "Devices that the last run did not see.",
    "leeboard_devices_stale": "Devices last seen too long ago for their level.",
    "leeboard_devices_never_seen": "Devices that no run has ever seen.",
    "leeboard_findings": "Findings by verdict.",
    "leeboard_findings_failing": "Findings that lead to exit code 2, by severity of the control.",
    "leeboard_waivers": "Accepted risks by state.",
    "leeboard_last_run_timestamp_seconds": "When the last run of a school began.",
    "leeboard_last_run_broken_off": "1 where the last run of a school was broken off.",
    "leeboard_last_whole_run_timestamp_seconds": "When the last run of a school that came to its end began.",
    "leeboard_last_night_timestamp_seconds": "When the last check of the whole inventory that came to its end, ended.",
    "leeboard_export_timestamp_seconds": "When these figures were written.",
}
SEVERITIES = ("critical", "high", "medium", "low")

Labels = tuple[tuple[str, str], ...]


@dataclass
class PrometheusWriter:
    """Gathers some figures a school and writes them at the end: the format wants all of one name together."""

    file: BinaryIO
    at: datetime
    night: datetime | None = None
    _found: dict[str, list[tuple[Labels, float]]] = field(default_factory=dict)

    def school(self, piece: Piece) -> None:
        """Count one school."""
        for name, labels, value in figures(piece):
            self._found.setdefault(name, []).append((labels, value))

    def runs(self, urn: str, last: datetime | None, whole: datetime | None, broken_off: bool) -> None:
        """Say when a school's last run began, and its last that came to its end."""
        labels = (("urn", urn),)
        if last is not None:
            self._add("leeboard_last_run_timestamp_seconds", labels, last.timestamp())
            self._add("leeboard_last_run_broken_off", labels, broken_off)
        if whole is not None:
            self._add("leeboard_last_whole_run_timestamp_seconds", labels, whole.timestamp())

    def close(self) -> None:
        """Write all figures."""
        if self.night is not None:
            self._add("leeboard_last_night_timestamp_seconds", (), self.night.timestamp())
        self._add("leeboard_export_timestamp_seconds", (), self.at.timestamp())
        text = Text(self.file)
        for name, words in FIGURES.items():
            if name in self._found:
                text.write(f"# HELP {name} {words}\n# TYPE {name} gauge\n")
                text.writelines(f"{line}\n" for line in _lines(name, self._found[name]))
        text.flush()
        text.detach()

    def _add(self, name: str, labels: Labels, value: float) -> None:
        self._found.setdefault(name, []).append((labels, value))


def figures(piece: Piece) -> Iterator[tuple[str, Labels, float]]:
    """The figures of one school: name, labels and value."""
    status, urn = piece.status, ("urn", piece.urn)
    sums = overview.headline(status.devices)
    gaps = Counter(overview.gap(device) for device in status.devices)
    yield "leeboard_school_info", (urn, ("school", clean(piece.name, 120))), 1
    yield "leeboard_devices", (urn,), sums.devices
    yield "leeboard_devices_clear", (urn,), sums.clear
    yield "leeboard_devices_drifted", (urn,), sums.drifted
    yield "leeboard_devices_unknown", (urn,), sums.unknown
    yield "leeboard_devices_silent", (urn,), sum(map(is_silent, status.devices))
    yield "leeboard_devices_stale", (urn,), gaps["stale"]
    yield "leeboard_devices_never_seen", (urn,), sum(device.seen is None for device in status.devices)
    counts = status.counts()
    for verdict in Verdict:
        yield "leeboard_findings", (urn, ("verdict", verdict.value)), counts[verdict]
    failing = _failing(status)
    for severity in SEVERITIES:
        yield "leeboard_findings_failing", (urn, ("severity", severity)), failing[severity]
    states = Counter(one.state for one in status.waivers)
    for state in State:
        yield "leeboard_waivers", (urn, ("state", state.value)), states[state]


def _failing(status: EstateStatus) -> Counter[str]:
    """How many findings lead to exit code 2, by severity."""
    return Counter(
        overview.about(status.baseline, finding.control).severity or SEVERITIES[0]
        for device, finding in status.every_finding()
        if status.fails(device, finding)
    )


def _lines(name: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    for labels, value in samples:
        said = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"{name}{f'{{{said}}}' if said else ''} {float(value)!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
