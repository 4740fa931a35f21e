"""A private copy of the machine that runs the tests: its own /etc, /run and /var/lib, seen by one process only.

There the drivers meet the real sshd, bash and agetty, and may write, while the machine itself stays as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
SETUP = """
set -e
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
mkdir -p "$1/lib"; mount --bind "$1/lib" /var/lib
mount -t tmpfs tmpfs /run
shift; exec "$@"
"""
PROLOGUE = """
import json, os, pathlib, subprocess, sys
sys.path[:0] = [{collections!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.banner import driver as banner
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.faillock import driver as faillock
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import file_mode
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import shell_timeout
from ansible_collections.leeboard.schools.plugins.module_utils._linux.sshd import driver as sshd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host

def put(path, text):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(text)

def effective(driver, address):
    return driver.observe(Host(), [address])[address]["effective"]

def change(driver, address, value):
    try:
        return apply(driver, Host(), [{{"address": address, "value": value}}], "run")["changed"]
    except ChangeRefused as problem:
        return str(problem)

def bash(how, script):
    return subprocess.run(["bash", how, script], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={{"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}})
found = {{}}
"""


def run(tmp_path: Path, script: str, *programs: str, patience: float = 600) -> Any:
    """What `script` leaves in `found`. Skips when this machine lacks `programs` or may not make mount namespaces."""
    for program in ("unshare", *programs):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            pytest.skip(f"{program} is not installed on this machine")
    if os.geteuid() != 0:
        pytest.skip("needs root for a private copy of this machine's /etc")
    code = PROLOGUE.format(collections=str(REPOSITORY / "collections")) + script + "\nprint(json.dumps(found))\n"
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", SETUP, "sh", str(tmp_path)]
    done = subprocess.run([*argv, sys.executable, "-c", code], capture_output=True, text=True, timeout=patience)
    if "unshare" in done.stderr and "Operation not permitted" in done.stderr:
        pytest.skip("this machine does not allow mount namespaces")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
