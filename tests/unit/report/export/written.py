"""Write estates of `samples` in a format, and read the bytes by programs that are not ours."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, BinaryIO

from leeboard.report.export.writers import Piece, Writer
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples

STATUSES = [*map(samples.some, range(40)), samples.mixed(), samples.hostile()]


def pieces(status: EstateStatus, only: Collection[tuple[str, str]] | None = None) -> list[Piece]:
    """An estate school by school, as a source gives them. Problems of the whole stand with the first."""
    found: dict[str, list[Any]] = {}
    for device in status.devices:
        found.setdefault(device.device.urn, []).append(device)
    parts = []
    for place, (urn, devices) in enumerate(sorted(found.items())):
        one = replace(
            status,
            devices=tuple(devices),
            schools=tuple(school for school in status.schools if school.urn == urn),
            problems=status.problems if place == 0 else (),
            waivers=tuple(risk for risk in status.waivers if risk.urn == urn),
        )
        parts.append(Piece(urn, devices[0].device.school, one, only, "2026-11-24" if only is not None else ""))
    return parts


def written(
    make: Callable[[BinaryIO], Writer], status: EstateStatus, only: Collection[tuple[str, str]] | None = None
) -> bytes:
    """The bytes of a file of this format."""
    file = io.BytesIO()
    writer = make(file)
    for piece in pieces(status, only):
        writer.school(piece)
    writer.close()
    return file.getvalue()
