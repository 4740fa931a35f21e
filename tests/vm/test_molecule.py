"""The Molecule scenarios on machines of the lab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.fixtures import require_lab

ROOT = Path(__file__).resolve().parents[2]


# The machines of tests/controls roll out what the other roles do, and play this one nowhere.
SHARE = ("nightly",)
SCENARIOS = [
    name
    for name in sorted(path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml"))
    if os.environ.get("LEEBOARD_FULL") or name in SHARE
]
ACTIONS = ("create", "converge", "idempotence", "side_effect", "verify", "destroy")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_runs_from_create_to_destroy(scenario: str, tmp_path: Path) -> None:
    require_lab()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path),
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "molecule", "test", "-s", scenario],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, said[-10000:]
    for action in ACTIONS:
        assert f"{scenario} ➜ {action}: Executed: Successful" in said, f"{action} did not run"
