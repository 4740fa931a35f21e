"""A school in a folder, runs of Leeboard and Ansible over it, and what the process list showed meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import bundle_lines
from tests.unit.playing import ROOT, command

SCHOOL = {
    "leeboard_urn": "900004",
    "leeboard_school": "Door School",
    "leeboard_platform": "linux",
    "leeboard_form": "desktop",
    "leeboard_role": "office",
    "leeboard_level": "standard",
    "leeboard_notice_title": "Notice",
    "leeboard_notice_text": "This computer is the school's. Use it only if you are allowed to.",
}


@dataclass(frozen=True)
class Night:
    """How a run ended: its status, all that it printed, the lines of its evidence by host, and who ran meanwhile."""

    status: int
    output: str
    lines: dict[str, dict[str, Any]]
    processes: str


class Folder:
    """A folder with an inventory, in which runs leave all that they leave anywhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        (path / "tmp").mkdir()

    def hosts(self, hosts: Mapping[str, Mapping[str, Any]], **shared: Any) -> Path:
        """A plain inventory of these hosts."""
        file = self.path / "hosts.yml"
        file.write_text(json.dumps({"all": {"vars": {**SCHOOL, **shared}, "hosts": hosts}}))
        return file

    def drift(self, source: Path, *options: str, **environment: str) -> Night:
        """`leeboard drift`, with what Ansible printed."""
        return self.run("leeboard", "drift", "-i", str(source), "--verbose", *options, **environment)

    def play(self, source: Path, *options: str, **environment: str) -> Night:
        """The same check by Ansible alone."""
        playbook = str(ROOT / "playbooks" / "drift.yml")
        return self.run("ansible-playbook", playbook, "-i", str(source), *options, **environment)

    def run(self, *argv: str, **environment: str) -> Night:
        """Any command; its processes are watched."""
        before = set(self._bundles())
        given = {"ANSIBLE_FORKS": "40", "COLUMNS": "1000", "TMPDIR": str(self.path / "tmp"), **environment}
        given |= {"ANSIBLE_LOCAL_TEMP": str(self.path / "tmp"), "ANSIBLE_LOG_PATH": str(self.path / "ansible.log")}
        with Watch() as watch:
            done = command(self.path, *("timeout", "--kill-after=20", "600", *argv), **given)
        lines = {
            line["name"]: line
            for bundle in sorted(set(self._bundles()) - before)
            for line in bundle_lines.lines(bundle)
            if line["kind"] == "device"
        }
        return Night(done.returncode, done.stdout + done.stderr, lines, "\n".join(sorted(watch.seen)))

    def _bundles(self) -> list[Path]:
        return list((self.path / "var" / "evidence").rglob("*.jsonl.xz"))


class Watch:
    """Who else runs on this machine, again and again, as `ps ax` would show it. Only what began since counts.

    With `environment` it is what `ps axe` would show to root.
    """

    def __init__(self, environment: bool = False) -> None:
        self.seen: set[str] = set()
        self._files = ("cmdline", "environ") if environment else ("cmdline",)
        self._end = threading.Event()
        self._before = set(self._lines())
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self.seen |= set(self._lines())
        self.seen -= self._before

    def _lines(self) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            for name in self._files:
                with suppress(OSError):
                    found.append((process / name).read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return found
