"""A school of devices that are reached over WinRM, and Ansible's visits to it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import bundle_lines
from tests.unit.playing import ROOT, command

from .certificates import LOOPBACK
from .powershell import INTERPRETER

USER = "Administrator"
PASSWORD = "Never tell 4711 <&> you"
URN = "900004"
LONGEST = 900  # seconds for a run: one that hangs is a finding, and must not hang the tests
# Where Ansible's modules of these tests lie.
LIBRARY = Path(__file__).with_name("library")

# What a school's inventory says of a device over WinRM. The password comes from the environment: no file holds it.
DEVICE: dict[str, Any] = {
    "ansible_connection": "winrm",
    "ansible_winrm_transport": "basic",
    "ansible_host": LOOPBACK,
    "ansible_user": USER,
    "ansible_password": "{{ lookup('ansible.builtin.env', 'WIRE_PASSWORD') }}",
    "ansible_pwsh_interpreter": INTERPRETER,
    "leeboard_platform": "windows",
}
SCHOOL = {
    "leeboard_urn": URN,
    "leeboard_school": "Wire School",
    "leeboard_form": "desktop",
    "leeboard_role": "office",
    "leeboard_level": "standard",
    "leeboard_notice_title": "Notice",
    "leeboard_notice_text": "This computer is the school's. Use it only if you are allowed to.",
}


@dataclass(frozen=True)
class Visit:
    """How a run ended: exit status, everything it printed, seconds, and the lines of its bundle by host."""

    status: int
    output: str
    seconds: float
    lines: dict[str, dict[str, Any]]


class School:
    """An inventory in a folder, which also takes what a run leaves behind."""

    def __init__(self, folder: Path, trust: Path) -> None:
        self.folder = folder
        self._trust = trust
        self._hosts: dict[str, dict[str, Any]] = {}

    def device(self, name: str, port: int, **variables: Any) -> None:
        """Add a Windows device that listens on this port. A variable given as None is left out."""
        given = {**DEVICE, "ansible_port": port, "ansible_winrm_ca_trust_path": str(self._trust), **variables}
        self.host(name, **{key: value for key, value in given.items() if value is not None})

    def host(self, name: str, **variables: Any) -> None:
        """Add a device of any kind."""
        self._hosts[name] = variables

    def inventory(self) -> Path:
        """Its inventory file, as it is now."""
        path = self.folder / "hosts.yml"
        path.write_text(json.dumps({"all": {"vars": SCHOOL, "hosts": self._hosts}}))
        return path

    def check(self, *options: str) -> Visit:
        """`leeboard drift` on all of it, with what Ansible printed."""
        var = self.folder / "var"
        arguments = ("-i", str(self.inventory()), "--var", str(var), "--verbose", *options)
        return self._run("leeboard", "drift", *arguments)

    def play(self, *options: str, playbook: str = "drift", **environment: str) -> Visit:
        """One of our playbooks by plain Ansible, the nightly check by default."""
        path = str(ROOT / "playbooks" / f"{playbook}.yml")
        return self._run("ansible-playbook", path, *self._source(), *options, **environment)

    def task(self, task: dict[str, Any], *options: str) -> Visit:
        """Another single task, on all of it."""
        path = self.folder / "task.yml"
        path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
        return self._run("ansible-playbook", str(path), *self._source(), *options)

    def _source(self) -> tuple[str, str]:
        return "-i", str(self.inventory())

    def _run(self, *argv: str, **environment: str) -> Visit:
        before = set(self._bundles())
        began = time.monotonic()
        done = command(
            self.folder,
            *("timeout", "--kill-after=20", str(LONGEST), *argv),
            WIRE_PASSWORD=PASSWORD,
            COLUMNS="1000",
            ANSIBLE_LIBRARY=str(LIBRARY),
            ANSIBLE_LOCAL_TEMP=str(self.folder / "tmp"),
            ANSIBLE_LOG_PATH=str(self.folder / "ansible.log"),
            ANSIBLE_FORKS="50",
            **environment,
        )
        seconds = time.monotonic() - began
        lines = {
            line["name"]: line
            for bundle in sorted(set(self._bundles()) - before)
            for line in bundle_lines.lines(bundle)
            if line["kind"] == "device"
        }
        return Visit(done.returncode, done.stdout + done.stderr, seconds, lines)

    def _bundles(self) -> list[Path]:
        return list((self.folder / "var" / "evidence" / URN).glob("*.jsonl.xz"))
