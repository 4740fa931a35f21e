"""Who goes first in a real roll-out: the playbook itself, with no family switched on, so that nothing changes."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.unit.playing import ROOT, command, inventory

# No family is switched on, so that the roll-out skips this very machine after it has looked at it.
TABLET = {"leeboard_platform": "other", "leeboard_role": "pupil_shared"}


def roll_out(folder: Path, hosts: dict[str, dict[str, Any]], *options: str) -> subprocess.CompletedProcess[str]:
    return command(
        folder, "ansible-playbook", str(ROOT / "playbooks" / "rollout.yml"), "-i", str(inventory(folder, **hosts)),
        *options, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
    )  # fmt: skip


def off(port: int, role: str) -> dict[str, Any]:
    """A machine that fell asleep: something takes the connection and says nothing."""
    ssh = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": port, "ansible_timeout": 1}
    return {**ssh, "leeboard_role": role}


def test_the_first_that_answers_goes_first_and_not_the_first_by_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        port = asleep.getsockname()[1]
        hosts = {
            "a-head": {"leeboard_role": "staff_portable"},
            "b-pupils": off(port, "pupil_shared"),
            "c-display": {"leeboard_role": "teaching_display"},
            "d-tablet": TABLET,
        }
        done = roll_out(tmp_path, hosts, "--check")
    said = done.stdout
    play = said[said.index("PLAY [Bring devices to their baseline]") :]
    seen = play[play.index("TASK [leeboard.schools.drift_check") :]
    # The display went alone: the others begin after all of its tasks.
    assert re.findall(r"^(?:ok|changed): \[([^]]+)\]", seen, re.MULTILINE)[0] == "c-display", said
    first, _, rest = play.partition("PLAY [Bring devices to their baseline]")[2].partition("PLAY [")
    assert "c-display" in first and "a-head" not in first and "b-pupils" not in first, said
    assert "a-head" in rest and re.search(r"fatal: \[b-pupils\]: UNREACHABLE", rest), said
    assert "None of the" not in said
    # Both are this very machine, which is told apart: the second one is refused, and that is a failure of its own.
    assert done.returncode == 2, said


def test_where_nobody_answers_nobody_is_touched_and_it_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        port = asleep.getsockname()[1]
        hosts = {"a-head": off(port, "staff_portable"), "b-pupils": off(port, "pupil_shared"), "d-tablet": TABLET}
        done = roll_out(tmp_path, hosts, "-e", '{"leeboard_batches": ["100%"]}')
    said = " ".join(done.stdout.split())
    assert done.returncode == 4, done.stdout + done.stderr
    assert "None of the 2 devices answers, so nothing has been changed on any." in said
    play = done.stdout[done.stdout.index("PLAY [Bring devices to their baseline]") :]
    assert re.findall(r"^fatal: \[([^]]+)\]", play, re.MULTILINE) == ["b-pupils"], "only the first is tried once more"


def test_bitlocker_is_the_last_of_a_roll_out_and_its_refusals_end_no_batch() -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "rollout.yml").read_text(encoding="utf-8"))
    brings, says = plays[-2:]
    assert brings["name"] == "Bring devices to their baseline" and brings["max_fail_percentage"] == 0
    last = brings["tasks"][-1]["ansible.builtin.import_role"]
    assert last == {"name": "leeboard.schools.disk_encryption", "tasks_from": "bitlocker"}
    tasks = ROOT / "roles" / "disk_encryption" / "tasks"
    (bitlocker,) = yaml.safe_load((tasks / "bitlocker.yml").read_text(encoding="utf-8"))
    assert bitlocker["leeboard.schools.recovery_keys"] == {"refusals": "tell"}
    assert not {"max_fail_percentage", "any_errors_fatal", "serial"} & set(says)
    assert says["tasks"][-1]["ansible.builtin.import_role"]["tasks_from"] == "refused"


REFUSED = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: leeboard.schools.disk_encryption
        tasks_from: refused
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: it went on
"""


def test_a_device_that_was_refused_fails_alone(tmp_path: Path) -> None:
    refused = {
        "changed": False,
        "msg": "C: Windows sees no TPM (ENC-05)",
        "refused": ["C: Windows sees no TPM (ENC-05)"],
    }
    hosts = {
        "a-old": {"__disk_encryption_bitlocker": refused},
        "b-new": {"__disk_encryption_bitlocker": {"changed": True, "msg": "done", "refused": []}},
        "c-linux": {"__disk_encryption_bitlocker": {"skipped": True}},
        "d-never": {},
    }
    book = tmp_path / "book.yml"
    book.write_text(REFUSED)
    done = command(
        tmp_path, "ansible-playbook", str(book), "-i", str(inventory(tmp_path, **hosts)),
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.findall(r"fatal: \[([^]]+)\]: FAILED! => .*Windows sees no TPM", done.stdout) == ["a-old"]
    assert sorted(re.findall(r"^ok: \[([^]]+)\] => \{$", done.stdout, re.MULTILINE)) == ["b-new", "c-linux", "d-never"]
