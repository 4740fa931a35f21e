"""What machines cost that are off: a hundred addresses, of which sixty say nothing, over what must be waited for them.

A silent one is waited for as long as Ansible's time-out says, as many at a time as it has forks; what the others take
is measured in the same run, without the silent ones.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scale.addresses import Addresses, answering
from tests.scale.page import write

SILENT = 60
TIMEOUT, FORKS = 10, 20  # Ansible's, and ansible.cfg's
AT_ONCE = 2
WANTED = 1.2
ROWS: dict[str, str] = {}  # of the page, by what was measured
COLUMNS = ("asset", "host", "address", "platform", "form", "role")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """The addresses, of which the first SILENT drop every packet."""
    with answering(tmp_path_factory.mktemp("estate")) as found:
        yield found


def made(estate: Addresses, name: str, addresses: tuple[str, ...], schools: int) -> Path:
    """An estate of these addresses, the same share of the silent ones in each school; its estate.yml."""
    folder = estate.folder / name
    folder.mkdir()
    about = {"plugin": "leeboard.schools.estate", "name": name, "level": "standard", "vars": estate.variables}
    (folder / "estate.yml").write_text(yaml.safe_dump(about, sort_keys=False))
    for number in range(schools):
        own = folder / f"school-{number}"
        own.mkdir()
        said = {"plugin": about["plugin"], "urn": str(900100 + number), "name": f"School {number}", "phase": "primary"}
        (own / "school.yml").write_text(yaml.safe_dump(said, sort_keys=False))
        with (own / "devices.csv").open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(COLUMNS)
            for address in addresses[number::schools]:
                host = f"pc-{address.rpartition('.')[2]}"
                rows.writerow((host.upper(), host, address, "linux", "desktop", "office"))
    return folder / "estate.yml"


def wall(estate: Addresses, inventory: Path) -> float:
    """Seconds of one check, to its report. The connections are new each time, as they are at night."""
    started = time.monotonic()
    estate.inside("leeboard", "drift", "-i", str(inventory), "--anew", "--at-once", str(AT_ONCE), "--format", "json")
    seconds = time.monotonic() - started
    estate.hang_up()
    return seconds


@pytest.mark.parametrize("schools", [1, 4])
def test_silence_costs_little_more_than_the_time_that_must_be_waited(estate: Addresses, schools: int) -> None:
    silent, live = estate.addresses[:SILENT], estate.addresses[SILENT:]
    whole = made(estate, f"all-{schools}", estate.addresses, schools)
    alone = made(estate, f"live-{schools}", live, schools)
    estate.silence(())
    wall(estate, alone)  # warms the caches for both
    answered = wall(estate, alone)
    estate.silence(silent)
    seconds = wall(estate, whole)
    waited = SILENT * TIMEOUT / (FORKS * min(AT_ONCE, schools))
    ratio = seconds / (waited + answered)
    words = f"{schools} school{'' if schools == 1 else 's'}"
    print(
        f"{words}: {seconds:.0f} s with {SILENT} silent, {answered:.0f} s without them: {ratio:.2f} (at most {WANTED})"
    )
    ROWS[words] = (
        f"| {words}: wall time over bare | {ratio:.2f} | at most {WANTED} |\n"
        f"| {words}: a check, and one of the 40 that answer alone | {seconds:.0f} s, {answered:.0f} s | |"
    )
    write("silence-cost", "\n".join(ROWS.values()))
    assert ratio <= WANTED
