"""What a visit with all controls costs a device, as a ratio to the same commands, files and folders without us.

On the lab's machine with GNOME, as it was installed.
"""

from __future__ import annotations

import json
import shlex
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.controls.harness import PATIENCE, THERE, Proof
from tests.device_code import linux_files
from tests.scale.page import write
from tests.vm.machine import Machine

ROUNDS = 3
WANTED = 1.5
RECORDER = Path(__file__).with_name("recorder.py")
PING = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n"


@pytest.fixture
def proof(gnome_machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proof:
    """The machine with the drivers, compiled, and with the modules of a check and of a ping, as Ansible sends them."""
    made = Proof(gnome_machine, tmp_path)
    made.ship()
    gnome_machine.put(RECORDER, f"{THERE}/recorder.py")
    gnome_machine.put(json.dumps(load().addresses(Platform.LINUX)).encode(), f"{THERE}/addresses")
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    monkeypatch.setenv("ANSIBLE_PIPELINING", "0")
    (tmp_path / "ping.yml").write_text(PING)
    for playbook in ("drift.yml", str(tmp_path / "ping.yml")):
        done = made.play(playbook)
        assert done.counts.get("ok"), done.output
    return made


def measure(proof: Proof, what: str, *given: str) -> Any:
    """The recorder's answer."""
    command = shlex.join(["python3", f"{THERE}/recorder.py", THERE, what, *given])
    return json.loads(proof.machine.root(command, timeout=PATIENCE).stdout)


def module(proof: Proof, name: str) -> str:
    """Where the file lies that Ansible sent for a module."""
    found = proof.machine.root(f"find /home/technician/.ansible -name 'AnsiballZ_{name}.py'").stdout.split()
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def test_a_visit_costs_little_more_than_its_commands(proof: Proof) -> None:
    seen = measure(proof, "record", f"{THERE}/addresses")
    proof.machine.put(json.dumps(seen).encode(), f"{THERE}/seen")
    observe, ping = module(proof, "observe"), module(proof, "ping")
    visits, bares, modules, pings = [], [], [], []
    for _round in range(ROUNDS):  # in turn, so that whatever else goes on is in all of them
        bares.append(measure(proof, "bare", f"{THERE}/seen"))
        visited = measure(proof, "visit", f"{THERE}/addresses")
        visits.append(visited["visit"])
        modules.append(measure(proof, "run", "python3", observe))
        pings.append(measure(proof, "run", "python3", ping))
    ratio = statistics.median(one / other for one, other in zip(visits, bares, strict=True))
    own = [(whole - empty) / bare for whole, empty, bare in zip(modules, pings, bares, strict=True)]
    twice = {
        what: [name for name, times in Counter(map(json.dumps, seen[what])).items() if times > 1]
        for what in ("commands", "read", "listed")
    }
    print(f"a visit over its commands bare: {ratio:.2f} (wanted at most {WANTED}); bare {bares}, visits {visits}")
    print(f"the module: {modules}, a ping: {pings}; {len(seen['started'])} children; twice: {twice}")
    again = ", ".join(f"{len(found)} {what}" for what, found in twice.items())
    files = [path for path in linux_files() if path.name != "__init__.py"]
    write(
        "visit-cost",
        f"| processor time of a visit over the same commands and files bare | {ratio:.2f} | at most {WANTED} |\n"
        f"| the same of the whole module, less a ping: Python also compiles our code each time | "
        f"{statistics.median(own):.2f} | |\n"
        f"| files of our code that a visit imports | {visited['code']} of {len(files)} | |\n"
        f"| programs that are compared with their packages | {len(seen['hashed'])} | |\n"
        f"| children started, {len(seen['read'])} files read | {len(seen['started'])} | |\n"
        f"| commands run, files read, folders listed more than once | {again} | none |",
    )
    assert twice == {"commands": [], "read": [], "listed": []}
    assert len(seen["started"]) == seen["children"]
    assert ratio <= WANTED
