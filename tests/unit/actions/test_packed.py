"""What Ansible really sends for our modules: all that they need on a device, and compiled no more often than once.

Ansible packs what it sees imported in the source. A module that is found in another way is missing on the device only.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.device_code import linux_files
from tests.unit.playing import ROOT, command, inventory

# Names from the folder on: engine/host.py.
SOURCE = {name.partition("/")[2] for name in linux_files().values()}
# How a change is made and undone: a visit makes none, so these need not be sent.
WRITING = {
    "engine/change.py",
    "engine/home_file.py",
    "engine/journal.py",
    "engine/journal_read.py",
    *(name for name in SOURCE if name.startswith(("checkpoint", "undo"))),
}
# What needs a passphrase or a key, or asks for one: a visit never does.
SECRETS = {
    *(f"engine/{name}.py" for name in ("one_file", "private_file", "secret_pipe")),
    *(f"luks/{name}.py" for name in ("authorise", "backup", "derivation", "image", "restore", "slots", "steps", "tpm")),
    "system/kernel_keyring.py",
    *(f"vpn/certificate/{name}.py" for name in ("install", "request")),
    "vpn/ikev2/traffic.py",
    "vpn/wireguard/make.py",
}
# How a disk is found empty, and formatted: only where the inventory names one.
FORMATTING = {"luks/disk_tables.py", "luks/empty_disk.py", "luks/format.py"}
PACKAGES = {"vpn/profiles/old_packages.py"}  # what a role asks before it takes packages away
NOT_SENT = WRITING | SECRETS | FORMATTING | PACKAGES
CHANGING = sorted(
    path.stem for path in (ROOT / "plugins/modules").glob("*.py") if "import ARGUMENTS, run" in path.read_text()
)
PYTHON = "/usr/bin/python3"
# Runs the file that Ansible sent, and tells which of our modules were compiled on the way.
COMPILED = """
import atexit, json, runpy, sys
sent = sys.argv.pop(1)
found = []
def note(event, given):
    folder, ours, name = str(given[1]).rpartition("/_linux/") if event == "compile" else ("", "", "")
    if ours and not name.endswith("__init__.py"):  # which is empty
        found.append(name)
sys.addaudithook(note)
atexit.register(lambda: print("\\n" + json.dumps(found)))
runpy.run_path(sent, run_name="__main__")
"""


def sent(folder: Path, *tasks: dict[str, Any]) -> str:
    """Run tasks on this machine, in check mode. What was sent stays in `folder`/tmp; returns the output."""
    playbook = folder / "play.yml"
    tasks = tuple({**task, "ignore_errors": True} for task in tasks)
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    done = command(
        folder,
        *("ansible-playbook", str(playbook), "-i", str(inventory(folder, pc1={})), "--check"),
        ANSIBLE_KEEP_REMOTE_FILES="1",
        ANSIBLE_PIPELINING="0",
        ANSIBLE_REMOTE_TMP=str(folder / "tmp"),
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that Ansible sent for a visit."""
    folder = tmp_path_factory.mktemp("visit")
    sent(folder, {"leeboard.schools.observe": {"addresses": {}}})
    (found,) = folder.glob("tmp/*/AnsiballZ_observe.py")
    return found


def test_a_visit_takes_all_device_code_along(visit: Path) -> None:
    subprocess.run([PYTHON, str(visit), "explode"], check=True, capture_output=True)
    (packed,) = visit.parent.glob("debug_dir/**/module_utils/_linux")
    names = {name.partition("/")[2] for name in linux_files(packed).values()}
    assert NOT_SENT < SOURCE
    assert names == SOURCE - NOT_SENT
    package = "ansible_collections.leeboard.schools.plugins.module_utils._linux"
    modules = [f"{package}.{name.removesuffix('.py').replace('/', '.')}" for name in names]
    load = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(n) for n in sys.argv[2:]]"
    subprocess.run([PYTHON, "-I", "-c", load, str(visit.parent / "debug_dir"), *modules], check=True, cwd="/")


def test_a_visit_compiles_nothing_twice(visit: Path) -> None:
    done = subprocess.run([PYTHON, "-c", COMPILED, str(visit)], capture_output=True, text=True, check=False)
    assert '"observation"' in done.stdout, done.stdout + done.stderr
    compiled = Counter(json.loads(done.stdout.splitlines()[-1]))
    assert {"visit.py", "engine/host.py", "dconf/driver.py"} <= set(compiled)
    assert [name for name, times in compiled.items() if times > 1] == []


def test_what_a_change_needs_is_sent_with_it(tmp_path: Path) -> None:
    assert len(CHANGING) > 9
    output = sent(tmp_path, *({f"leeboard.schools.{name}": {"settings": []}} for name in CHANGING))
    for name in CHANGING:
        assert len(list(tmp_path.glob(f"tmp/*/AnsiballZ_{name}.py"))) == 1, output
    assert "No module named" not in output
    assert "cannot import name" not in output
    assert "MODULE FAILURE" not in output, "a dry run of nothing is refused or comes to nothing"


def test_what_a_checkpoint_needs_is_sent_with_it(tmp_path: Path) -> None:
    output = sent(tmp_path, {"leeboard.schools.checkpoint": {}})
    assert len(list(tmp_path.glob("tmp/*/AnsiballZ_checkpoint.py"))) == 1, output
    assert "No module named" not in output and "cannot import name" not in output and "MODULE FAILURE" not in output
