"""Secrets that a command hands to a run: read by whoever is told the path, in no argument and no file, gone after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leeboard.ansible import run
from leeboard.ansible.secret_handover import VARIABLE, handed, read
from leeboard.errors import LeeboardError

SECRET = "top 'secret' \\ \"ä\"\n"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.command:
        argv: [cat, "{{ leeboard_handed }}"]
      register: read
    - ansible.builtin.copy:
        dest: "{{ there }}"
        content: "{{ (read.stdout | from_json).key }}"
        mode: "0600"
    - ansible.builtin.shell: cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n' >"{{ there }}.processes"
"""


def test_a_child_reads_it_and_nobody_after_the_end() -> None:
    with handed({"key": SECRET}) as path:
        program = f"from leeboard.ansible.secret_handover import read; print(read({path!r}, 'key'), end='')"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout == SECRET
        assert read(path, "another") == ""
    with pytest.raises(LeeboardError, match="run the command again"):
        read(path, "key")


def test_ansible_gets_it_and_no_process_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playbook, inventory, there = tmp_path / "play.yml", tmp_path / "hosts", tmp_path / "there"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    inventory.write_text("localhost ansible_connection=local\n", encoding="utf-8")
    monkeypatch.setattr(run, "playbook", lambda _name: str(playbook))
    done = run.run_playbook(
        "play", inventory, tmp_path / "var", ["localhost"], {"there": str(there)}, secrets={"key": SECRET}
    )
    assert done.status == 0, done.output
    assert there.read_text(encoding="utf-8") == SECRET
    processes = (tmp_path / "there.processes").read_text(encoding="utf-8", errors="replace")
    assert f"{VARIABLE}=/proc/" in processes and "top 'secret'" not in processes
