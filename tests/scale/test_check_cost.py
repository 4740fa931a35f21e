"""What a check costs the controller for each device, as a ratio to Ansible's own ping, in one run.

The controller's processor time is that of ansible-playbook and its children.
"""

from __future__ import annotations

import json
import resource
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scale.addresses import DEVICES, ROOT, Addresses, answering
from tests.scale.page import write

ROUNDS = 3
WANTED = 1.5
PING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A school of DEVICES addresses, with an inventory of Ansible's own kind."""
    with answering(tmp_path_factory.mktemp("school")) as found:
        hosts = {f"device-{n}": {"ansible_host": address} for n, address in enumerate(found.addresses)}
        about = {"urn": "900009", "platform": "linux", "form": "desktop", "role": "office", "level": "standard"}
        variables = {**found.variables, **{f"leeboard_{name}": value for name, value in about.items()}}
        (found.folder / "hosts.yml").write_text(json.dumps({"school": {"hosts": hosts, "vars": variables}}))
        (found.folder / "ping.yml").write_text(PING)
        yield found


def cost(school: Addresses, playbook: Path) -> float:
    """Processor seconds of the controller for one run of a playbook on all devices."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    school.inside("ansible-playbook", str(playbook), "-i", str(school.folder / "hosts.yml"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def test_a_check_costs_little_more_than_a_ping(school: Addresses) -> None:
    check, ping = ROOT / "playbooks" / "drift.yml", school.folder / "ping.yml"
    cost(school, ping)  # opens the connections and warms the caches for both
    pairs = [(cost(school, check), cost(school, ping)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / other for one, other in pairs)
    per_device = statistics.median(one for one, _ in pairs) / DEVICES
    print(f"check over ping: {ratio:.2f} (wanted at most {WANTED}); {per_device * 1000:.0f} ms a device")
    write(
        "check-cost",
        f"| controller, processor time of `leeboard.schools.check` over `ansible.builtin.ping` | {ratio:.2f} | "
        f"at most {WANTED} |\n| controller, processor time of a check | {per_device * 1000:.0f} ms a device | |",
    )
    assert ratio <= WANTED
