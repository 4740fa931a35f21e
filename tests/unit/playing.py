"""Real runs of Ansible on this very machine, with a folder of their own for evidence. Nothing here changes anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEVICE = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "/usr/bin/python3",
    "leeboard_urn": "900001",
    "leeboard_school": "Example Primary",
    "leeboard_platform": "linux",
    "leeboard_form": "desktop",
    "leeboard_role": "office",
    "leeboard_level": "standard",
}


# A visit looks on every local file system for programs that run with the rights of others, which takes as long as the
# disks of this machine are large. Where that can be had, Ansible is started where only those in /usr count.
USR_ONLY = [
    *("unshare", "--mount", "--propagation", "private", "sh", "-c"),
    *('mount --bind /usr /usr && mount -o remount,bind,nosuid / && exec "$@"', "sh"),
]


@cache
def small_machine() -> list[str]:
    """What a command begins with to see it so; nothing where no namespace for mounts can be made."""
    try:
        tried = subprocess.run([*USR_ONLY, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return USR_ONLY if tried.returncode == 0 else []


def inventory(folder: Path, **hosts: dict[str, Any]) -> Path:
    """An inventory file with hosts that are all this machine, each with DEVICE's variables and its own."""
    path = folder / "hosts.yml"
    listed = {name: {**DEVICE, **variables} for name, variables in hosts.items()}
    path.write_text(json.dumps({"all": {"hosts": listed}}))
    return path


def command(folder: Path, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this interpreter's environment with our ansible.cfg and its evidence in `folder`/var."""
    return subprocess.run(
        [*small_machine(), *argv],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "LEEBOARD_VAR": str(folder / "var"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def play(folder: Path, source: Path, task: dict[str, Any], *options: str, **environment: str) -> dict[str, Any]:
    """Run one task on all hosts. Returns each host's result, and under "" the command's own end."""
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    done = command(
        folder,
        *("ansible-playbook", str(folder / "play.yml"), "-i", str(source), *options),
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
        **environment,
    )
    return {"status": done.returncode, "output": done.stdout + done.stderr}
