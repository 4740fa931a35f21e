"""Sites of statuses that were made in code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from leeboard.evidence.store.store import Store
from leeboard.report.export.source import Source
from leeboard.report.site.build import Built, build
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples


@dataclass(frozen=True)
class StatusStandIn(Source):
    """Stands in for what is kept: says of each school what a given status says of it."""

    given: EstateStatus | None = None

    def names(self) -> dict[str, str]:
        """The names in the status."""
        assert self.given is not None
        return {one.device.urn: one.device.school for one in self.given.devices}

    def status(self, urn: str) -> EstateStatus:
        """What the status has of one school."""
        assert self.given is not None
        return replace(
            self.given,
            devices=tuple(one for one in self.given.devices if one.device.urn == urn),
            schools=tuple(one for one in self.given.schools if one.urn == urn),
            waivers=tuple(one for one in self.given.waivers if one.urn == urn),
            problems=tuple(one for one in self.given.problems if not re.search("[0-9]{6}", one) or urn in one),
        )


@contextmanager
def standing_in(folder: Path, status: EstateStatus) -> Iterator[StatusStandIn]:
    """The status as what is kept, with a store that has no history."""
    with Store(folder / "leeboard.db") as store:
        yield StatusStandIn(store, status.baseline, folder / "evidence", status.at, given=status)


def written(folder: Path, status: EstateStatus | None = None) -> Built:
    """Write the site of a status into `folder`/site."""
    with standing_in(folder, status or samples.mixed()) as source:
        return build(source, folder / "site", ("devices.csv, line 3: no such platform",))
