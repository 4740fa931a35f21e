"""The first report of the example estate's primary school, and its picture for the README.

Nobody visits these devices: their addresses are kept for documentation. What they would answer is put together from
what machines of the lab did answer, as the cases of the controls have it, and goes the way of every evidence: bundles,
store, status, page. `make picture` draws the picture anew: the page down to the school's devices.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.ansible import inventory
from leeboard.evidence.bundles.schema import Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import stamp
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.report.page import render
from leeboard.verdict.status import EstateStatus
from leeboard.version import __version__
from tests.controls.cases import NOTICE, Case, all_cases

ROOT = Path(__file__).resolve().parents[3]
SCHOOL = ROOT / "inventories" / "example" / "example-primary"
PICTURE = ROOT / "docs" / "images" / "first-report.png"
RUN = "20261125T021000Z-1a2b3c4d"
VISITED = datetime(2026, 11, 25, 2, 10, 41, tzinfo=UTC)
AT = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)
# By device: the cases that it is like, over a machine that has all that the baseline wants.
LIKE = {
    "EP-0001": (
        ("LCK-01", "a key file that is right and does not take effect"),
        ("LCK-05", "Debian as it is installed counts nothing"),
        ("LBL-01", "a console shows what Debian wrote"),
    ),
    "EP-0002": (
        ("LCK-01", "never is not the shortest of all times"),
        ("LBL-01", "a console shows what Debian wrote"),
    ),
}
# When the cases have a key made, which is later than this visit; here it is older.
MADE = ("2026-11-26T10:00:00Z", "2026-11-24T10:00:00Z")
SILENT = {"EP-0004": "no answer within 10 seconds; is it switched on?"}


def answer(device: Expected, like: Sequence[tuple[str, str]] | None = None) -> dict[str, Any]:
    """What a device says that is like these cases (None: those of LIKE)."""
    known = {(case.control, case.raw["name"]): case.raw for case in all_cases() if case.control[:3] in ("LCK", "LBL")}
    raws = [known[key] for key in (LIKE[device.asset] if like is None else like)]
    merged = {
        part: {key: one for raw in raws for key, one in raw.get(part, {}).items()} for part in ("facts", "readings")
    }
    seen = Case("LCK-01", merged).observation().model_dump(mode="json", exclude_defaults=True, by_alias=True)
    text: str = json.dumps(seen).replace(NOTICE, device.parameters["notice_text"])
    text = text.replace(*MADE)
    seen = {**json.loads(text), "observed_at": stamp(VISITED)}
    seen["identity"]["serial"]["value"] = f"EXAMPLE-{device.asset}"
    found: dict[str, Any] = seen
    return found


def first_report(folder: Path) -> EstateStatus:
    """How the school stands after its first night, with evidence in `folder`."""
    baseline = load()
    listed = inventory.read(SCHOOL / "school.yml", tuple(baseline.parameters))
    devices = listed.devices
    urn, name = devices[0].urn, devices[0].school
    lock = SchoolLock(folder / "evidence", urn, RUN)
    writer = Writer(lock, RUN, School(urn=urn, name=name), _origin(baseline), devices)
    for device in devices:
        line = {"asset": device.asset, "name": device.name, "at": stamp(VISITED), "message": ""}
        if device.asset in LIKE:
            writer.device({**line, "outcome": "observed", "observation": answer(device)})
        elif device.asset in SILENT:
            writer.device({**line, "outcome": "unreachable", "message": SILENT[device.asset]})
    writer.close(VISITED)
    with Store(folder / "leeboard.db") as store:
        loaded = ingest(store, [folder / "evidence" / urn], baseline)
        status = estate_status(store, baseline, devices, AT, runs=[RUN])
        sources = Sources(store, folder / "evidence", listed.schools)
        schools = school_statuses(sources, baseline, devices, AT)
    problems = (*listed.problems, *loaded.problems, *status.problems)
    return EstateStatus(status.devices, baseline, AT, problems, schools, status.waivers)


def report() -> EstateStatus:
    """The same, with its evidence gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return first_report(Path(folder))


def _origin(baseline: Baseline) -> Origin:
    return Origin(__version__, "check", baseline.digest, "0" * 64)


def draw(page: Path, last: str, picture: Path) -> None:
    """Draw a page into a picture, down to the end of the element that the selector `last` finds."""
    from tests.services.chromium import chromium

    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as window:
        window.look("picture")
        window.open(page)
        bottom = window.ask(f"return document.querySelector('{last}').getBoundingClientRect().bottom")
        picture.write_bytes(window.picture(round(bottom) + 12))
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size:,} bytes")


def main() -> None:
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "drift.html"
        page.write_text(render(report()), encoding="utf-8")
        draw(page, ".devices", PICTURE)


if __name__ == "__main__":
    main()
