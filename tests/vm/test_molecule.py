"""The Molecule scenarios on machines of the lab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.fixtures import require_lab

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("scenario", ["screen_lock"])
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
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-4000:]
    for action in ("converge", "idempotence", "verify", "side_effect", "destroy"):
        assert action in done.stdout + done.stderr, f"{action} did not run"
