"""The archive and the wheel, installed outside the clone as docs/install.md says, visit Linux and Windows together.

What is not proved: that pip finds the wheel's dependencies, since the environment borrows those of the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import bundle_lines
from tests.house import tree
from tests.unit.playing import DEVICE
from tests.windows.machine import WindowsMachine
from tests.windows.wire.certificates import Authority
from tests.windows.wire.powershell import on_wine
from tests.windows.wire.school import PASSWORD, URN, USER, School
from tests.windows.wire.server import Endpoint

# What pip would write for ansible-core's own commands.
COMMANDS = {"ansible-playbook": "playbook", "ansible-inventory": "inventory", "ansible-galaxy": "galaxy"}


class Controller:
    """A computer that has the two files only: an environment, a home, and a folder with an `ansible.cfg`."""

    def __init__(self, folder: Path, built: Path) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self._home, self._bin = folder / "home", folder / "venv" / "bin"
        self._home.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
        python = self._bin / "python"
        (self.packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        for name, module in COMMANDS.items():
            script = self._bin / name
            script.write_text(f"#!{python}\nimport sys\nfrom ansible.cli.{module} import main\nsys.exit(main())\n")
            script.chmod(0o755)
        (wheel,) = built.glob("leeboard-*.whl")
        (archive,) = built.glob("leeboard-schools-*.tar.gz")
        install = ("-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
        subprocess.run([sys.executable, *install], check=True)
        assert self.run("ansible-galaxy", "collection", "install", "--offline", str(archive)).returncode == 0
        (config,) = re.findall(r"```ini\n(.*?)```", tree.text("docs/install.md"), re.DOTALL)
        (self.work / "ansible.cfg").write_text(re.sub("(?m)^ +", "", config))

    @property
    def packages(self) -> Path:
        """Where the wheel was unpacked."""
        (found,) = (self._bin.parent / "lib").glob("python*/site-packages")
        return found

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in the folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LEEBOARD_"))}
        kept.pop("PYTHONPATH", None)
        environment = {"PATH": f"{self._bin}:{os.environ['PATH']}", "HOME": str(self._home), "WIRE_PASSWORD": PASSWORD}
        return subprocess.run(
            [str(self._bin / argv[0]), *argv[1:]],
            cwd=self.work,
            env={**kept, **environment, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def lines(self) -> dict[str, dict[str, Any]]:
        """The lines of the newest bundle, by device."""
        bundle = max((self.work / "var" / "evidence" / URN).glob("*.jsonl.xz"))
        return {line["name"]: line for line in bundle_lines.lines(bundle) if line["kind"] == "device"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both files, built by the command that a release is built by."""
    target = tmp_path_factory.mktemp("dist")
    tree.finds_nothing(str(tree.ROOT / "scripts" / "archive.sh"), str(target), LEEBOARD_BIN=str(tree.BIN))
    return target


@pytest.fixture
def school(tmp_path: Path, shared_machine: WindowsMachine) -> Iterator[School]:
    """A Linux device, this computer, and a Windows device over WinRM."""
    authority = Authority(tmp_path / "authority")
    found = School(tmp_path / "school", authority.path)
    found.folder.mkdir()
    with Endpoint(on_wine(shared_machine.prefix), USER, PASSWORD, authority.context()) as endpoint:
        found.device("pc1", endpoint.port)
        found.host("here", **DEVICE | {"leeboard_urn": URN})
        yield found


def test_both_platforms_are_checked_and_another_brain_is_refused(tmp_path: Path, built: Path, school: School) -> None:
    controller = Controller(tmp_path, built)
    inventory = str(school.inventory())

    done = controller.run("leeboard", "drift", "-i", inventory)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = controller.lines()
    assert {name: (line["outcome"], line["observation"]["platform"]) for name, line in lines.items()} == {
        "here": ("observed", "linux"),
        "pc1": ("observed", "windows"),
    }
    assert all("drifted" in {one["verdict"] for one in line["findings"]} for line in lines.values())

    version = controller.packages / "leeboard" / "version.py"
    version.write_text(re.sub('"[0-9.]+"', '"9.9.9"', version.read_text()))
    done = controller.run("ansible-playbook", "leeboard.schools.drift", "-i", inventory)
    assert done.returncode != 0
    assert "the Python package leeboard is version 9.9.9, and this collection is 0.1.0" in done.stdout + done.stderr
    done = controller.run("leeboard", "drift", "-i", inventory)
    assert done.returncode in (1, 3), done.stdout + done.stderr
    assert "9.9.9" in done.stdout + done.stderr
