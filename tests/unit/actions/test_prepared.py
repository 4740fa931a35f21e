"""What is worked out before workers are forked is what each visit would have worked out itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils import prepared

from leeboard.errors import LeeboardError
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from tests.unit import brain

ROOT = Path(__file__).resolve().parents[3]
KINDS: list[dict[str, Any]] = [
    {},
    {"level": "high"},
    {"platform": "windows"},
    {"form": "portable"},
    {"role": "pupil_shared"},
    {"overrides": {"LCK-01": {"plasma-timeout": 5}}},
    {"parameters": {"log_collector": "logs.example:6514"}},
]
# Of a whole process are Ansible's own folder for temporary files, what is no garbage, and the kernel's patience.
PREPARE = """
import gc
from pathlib import Path
from ansible.parsing.dataloader import DataLoader
from ansible_collections.leeboard.schools.plugins.plugin_utils import prepared
from tests.unit import brain
prepared.prepare(DataLoader(), Path("."), [brain.device()])
assert len(prepared._controls) == 1 and gc.get_freeze_count() > 0
print(Path("/proc/self/timerslack_ns").read_text().strip())
"""
SHARE = """
import sys
from pathlib import Path
from ansible import constants
from ansible_collections.leeboard.schools.plugins.plugin_utils import prepared
prepared._share_modules(sys.argv[1])
kept = Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
kept.mkdir(exist_ok=True)
Path(kept, "module").touch()
"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: next(iter(kind), "usual"))
def test_devices_of_a_kind_share_what_is_wanted_of_them(kind: dict[str, Any]) -> None:
    first, other = (brain.device(name=name, asset=name, **kind) for name in ("pc1", "pc2"))
    assert prepared.wanted(first) == resolve(load(), first)
    assert prepared.wanted(other) == resolve(load(), other)
    assert prepared.wanted(other).controls is prepared.wanted(first).controls


def test_a_device_whose_override_is_wrong_is_the_one_that_is_named() -> None:
    for name in ("pc1", "pc2"):
        with pytest.raises(LeeboardError, match=f"^{name}: leeboard_overrides names ABC-01"):
            prepared.wanted(brain.device(name=name, overrides={"ABC-01": {"x": 1}}))


def test_modules_are_kept_in_the_folder_that_was_named_and_outlast_the_run(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    for folder in (str(named), ""):
        run(SHARE, folder, tmp_path)
    assert [path.name for path in named.iterdir()] == ["module"]


def test_ansible_is_slowed_where_it_looks_for_free_forks(tmp_path: Path) -> None:
    assert run(PREPARE, "", tmp_path) == f"{prepared.SLACK}\n"


def run(code: str, folder: str, home: Path) -> str:
    """What a Python of its own prints, as this one finds our code."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join((str(ROOT / "collections"), str(ROOT))),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, folder], check=True, env=environment, cwd=home, capture_output=True, text=True
    )
    return done.stdout
