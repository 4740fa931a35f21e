"""The action `empty_disks` on this very machine, through the real Ansible: it refuses, and changes nothing.

Disks are formatted in tests/unit/escrow/test_formatting.py, and on a machine of the lab in
tests/controls/test_empty_disks.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leeboard.escrow.vault import controller_state, vault
from leeboard.escrow.vault.records import Records
from tests.unit.escrow.vaults import another_volume, custodian
from tests.unit.playing import inventory, play

TASK: dict[str, Any] = {"leeboard.schools.empty_disks": {}}
NAME = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
NAMED = {"leeboard_format_disks": [{"disk": NAME, "mount": "/srv/data"}]}
ENC = {"leeboard_enforce": ["ENC"]}


def test_where_no_disk_of_it_is_named_nothing_is_looked_at(tmp_path: Path) -> None:
    others = {"leeboard_format_disks": [{"device": "EP-0002", "disk": NAME, "mount": "/srv/data"}]}
    done = play(tmp_path, inventory(tmp_path, pc1={**ENC}, pc2={**ENC, **others}), TASK, "-v", "--forks=1")
    assert done["status"] == 0 and done["output"].count("leeboard_format_disks names no disk of it") == 2


def test_a_wrong_word_is_one_line(tmp_path: Path) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1={**ENC, "leeboard_format_disks": "all"}), TASK)
    assert done["status"] == 2
    assert "leeboard_format_disks: must be a list of disks, each with disk and mount" in done["output"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (NAMED, "ENC is not named in leeboard_enforce everywhere"),
        ({**NAMED, **ENC}, "this controller has no vault, so no recovery key is made"),
    ],
)
def test_without_the_word_or_the_vault_nothing_is_done(tmp_path: Path, variables: dict[str, Any], words: str) -> None:
    done = play(tmp_path, inventory(tmp_path, pc1=variables), TASK, "-v")
    assert done["status"] == 0 and words in done["output"], done["output"]
    assert "changed=0" in done["output"]


def test_a_preview_says_why_a_disk_is_not_formatted(tmp_path: Path) -> None:
    """The steps' module really runs here, which has no such disk."""
    with another_volume(tmp_path) as other:
        people = [custodian("head")[0]]
        vault.make(tmp_path / "var", (tmp_path / "first", other / "second"), people, datetime.now(UTC))
        done = play(tmp_path, inventory(tmp_path, pc1={**NAMED, **ENC}), TASK, "--check")
        assert done["status"] == 2, done["output"]
        assert f"{NAME}: it is not formatted: " in done["output"]
        assert controller_state.records(tmp_path / "var", "900001", "pc1") == Records()
