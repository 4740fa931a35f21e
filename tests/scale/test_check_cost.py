"""What a check costs the controller for each device, and for each school, as ratios to Ansible's own ping in one run.

The controller's processor time is that of ansible-playbook and its children. What a device costs is the slope of a line
through four sizes: what a run costs before any device is no part of it. Devices answer at once, by a connection that
does nothing (`connection_plugins/instant.py`), or are visited over SSH.
"""

from __future__ import annotations

import csv
import json
import resource
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scale.addresses import ROOT, Addresses, answering
from tests.scale.page import write

SIZES = (25, 50, 100, 200)
SCHOOLS = (1, 5)
ROUNDS = 11  # for schools: the start of Ansible varies by a quarter from one to the next
KINDS = {"instant": "answers at once", "ssh": "visits over SSH"}
# Where devices answer at once, nothing but the controller's own work is left, and docs/performance.md says which.
WANTED = {"instant": 2.5, "ssh": 1.5}
WANTED_START = 1.2
CHECK = ROOT / "playbooks" / "drift.yml"
PING = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]
ABOUT = {"urn": "900009", "platform": "linux", "form": "desktop", "role": "office", "level": "standard"}
ROWS: dict[str, str] = {}  # of the page, by what was measured


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """The addresses, with inventories of Ansible's own kind for each size and kind, and a ping."""
    with answering(tmp_path_factory.mktemp("devices"), max(SIZES)) as found:
        (found.folder / "answers").mkdir()
        (found.folder / "ping.yml").write_text(json.dumps(PING))
        ours: dict[str, Any] = {f"leeboard_{name}": value for name, value in ABOUT.items()}
        for kind in KINDS:
            for size in SIZES:
                hosts = {f"device-{n}": {"ansible_host": address} for n, address in enumerate(found.addresses[:size])}
                variables = {**ours, **found.variables, "ansible_connection": kind}
                (found.folder / f"{kind}-{size}.yml").write_text(
                    json.dumps({"school": {"hosts": hosts, "vars": variables}})
                )
        yield found


def cost(devices: Addresses, *command: str, var: str = "var") -> float:
    """Processor seconds of the controller for one command. No connection is open before it."""
    devices.hang_up()
    variables = {
        "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).with_name("connection_plugins")),
        "LEEBOARD_ANSWERS": str(devices.folder / "answers"),
        "LEEBOARD_VAR": str(devices.folder / var),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    devices.inside(*command, **variables)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def played(devices: Addresses, playbook: Path, kind: str, size: int) -> float:
    """The cost of a playbook on so many devices of a kind."""
    inventory = devices.folder / f"{kind}-{size}.yml"
    return cost(devices, "ansible-playbook", str(playbook), "-i", str(inventory), var=f"var-{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_further_device_costs_little_more_than_a_ping(devices: Addresses, kind: str) -> None:
    ping = devices.folder / "ping.yml"
    # Warms the caches for both. Each device is known from then on, as it is on all nights but the first.
    played(devices, ping, kind, min(SIZES))
    played(devices, CHECK, kind, max(SIZES))
    pairs = [(played(devices, CHECK, kind, size), played(devices, ping, kind, size)) for size in SIZES]
    checks, pings = (statistics.linear_regression(SIZES, [pair[place] for pair in pairs]).slope for place in (0, 1))
    ratio = checks / pings
    print(f"{kind}: {checks * 1000:.0f} ms a device, a ping {pings * 1000:.0f}: {ratio:.2f} (at most {WANTED[kind]})")
    print(
        "  " + "; ".join(f"{size}: {one:.2f} s, {other:.2f} s" for size, (one, other) in zip(SIZES, pairs, strict=True))
    )
    ROWS[kind] = (
        f"| a further device over a ping, {KINDS[kind]} | {ratio:.2f} | at most {WANTED[kind]} |\n"
        f"| the same: a check, and a ping | {checks * 1000:.0f} ms, {pings * 1000:.0f} ms | |"
    )
    write("check-cost", "\n".join(ROWS.values()))
    assert ratio <= WANTED[kind]


def estate(folder: Path, schools: int) -> Path:
    """An estate of schools with one device each, which answers at once; its estate.yml."""
    folder.mkdir()
    shared = {"plugin": "leeboard.schools.estate", "name": folder.name, "level": "standard"}
    about = {**shared, "vars": {"ansible_connection": "instant"}}
    (folder / "estate.yml").write_text(yaml.safe_dump(about, sort_keys=False))
    for number in range(schools):
        own = folder / f"school-{number}"
        own.mkdir()
        said = {"plugin": shared["plugin"], "urn": str(900100 + number), "name": f"School {number}", "phase": "primary"}
        (own / "school.yml").write_text(yaml.safe_dump(said, sort_keys=False))
        with (own / "devices.csv").open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(("asset", "host", "platform", "form", "role"))
            rows.writerow((f"PC-{number}", f"pc-{number}", "linux", "desktop", "office"))
    return folder / "estate.yml"


def test_a_further_school_costs_little_more_than_the_start_of_ansible(devices: Addresses) -> None:
    few, many = SCHOOLS
    inventories = {schools: estate(devices.folder / f"estate-{schools}", schools) for schools in SCHOOLS}

    def drift(schools: int) -> float:
        options = ("--anew", "--at-once", "1", "--format", "json")
        return cost(devices, "leeboard", "drift", "-i", str(inventories[schools]), *options, var=f"var-{schools}")

    one = devices.folder / "one.yml"
    one.write_text(json.dumps({"all": {"hosts": {"device": {"ansible_connection": "instant"}}}}))
    for schools in SCHOOLS:
        drift(schools)
    found = []
    for _round in range(ROUNDS):
        further = (drift(many) - drift(few)) / (many - few)
        found.append((further, cost(devices, "ansible-playbook", str(devices.folder / "ping.yml"), "-i", str(one))))
    seconds = statistics.median(further for further, _ in found)
    ratio = statistics.median(further / ping for further, ping in found)
    print(f"a further school: {seconds:.2f} s, {ratio:.2f} of Ansible's start and one ping (at most {WANTED_START})")
    ROWS["school"] = (
        f"| a further school over Ansible's start with one ping | {ratio:.2f} | at most {WANTED_START} |\n"
        f"| a further school, with one device | {seconds:.2f} s | |"
    )
    write("check-cost", "\n".join(ROWS.values()))
    assert ratio <= WANTED_START
