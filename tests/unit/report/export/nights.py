"""Nights of one school, loaded as they come, and what is kept of them afterwards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from leeboard.report.export.source import Source
from tests.unit.evidence.estate import NIGHT, URN, expected, run_id, write


class Nights:
    """An evidence folder and a store."""

    def __init__(self, folder: Path, store: Store, baseline: Baseline) -> None:
        self.evidence, self.store, self.baseline = folder / "evidence", store, baseline

    def night(self, number: int, lines: dict[str, Any], urn: str = URN) -> str:
        run = run_id(number)
        devices = [expected(asset, urn=urn) for asset in lines]
        write(self.evidence, run, devices, lines, urn=urn)
        done = ingest(self.store, [self.evidence / urn], self.baseline, self.evidence)
        assert not done.problems
        return run

    def source(self, day: float, *listed: Expected) -> Source:
        by_school: dict[str, list[Expected]] = {}
        for device in listed:
            by_school.setdefault(device.urn, []).append(device)
        return Source(self.store, self.baseline, self.evidence, NIGHT + timedelta(days=day), by_school)
