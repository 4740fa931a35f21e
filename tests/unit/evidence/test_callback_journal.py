"""A school's files edited by hand, and the runs of Ansible that note it; then `leeboard verify` finds nothing wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leeboard.estate import journal
from leeboard.evidence.keeping.verifying import verify
from leeboard.evidence.store.store import Store
from leeboard.policy.load import load
from tests.unit.estate.risks import raw
from tests.unit.playing import command, inventory, play

URN = "900001"
CHECK = {"leeboard.schools.check": {}}
# Nothing is looked at: the interpreter is not there.
HEAD = """plugin: leeboard.schools.estate
urn: "900001"
name: Example Primary
phase: primary
level: standard
vars: {ansible_connection: local, ansible_python_interpreter: /nowhere/python3}
"""
ROWS = """asset,host,address,platform,form,role,level
EP-0001,pc1,192.0.2.1,linux,desktop,office,
EP-0002,pc2,192.0.2.2,linux,desktop,exam,
"""


def noted(folder: Path, source: Path, *options: str) -> list[dict[str, Any]]:
    """What a check of an inventory adds to the journal."""
    path = journal.path_of(folder / "var", URN)
    before = path.read_bytes() if path.exists() else b""
    done = play(folder, source, CHECK, *options)
    assert "leeboard: evidence in" in done["output"], done["output"]
    after = path.read_bytes() if path.exists() else b""
    assert after.startswith(before)
    return [json.loads(line) for line in after[len(before) :].splitlines()]


def wrong(folder: Path) -> list[str]:
    with Store(folder / "var" / "leeboard.db") as store:
        return verify(store, folder / "var" / "evidence", [URN], load()).problems


def test_a_school_edited_by_hand(tmp_path: Path) -> None:
    school = tmp_path / "school"
    school.mkdir()
    file = school / "school.yml"
    file.write_text(HEAD)
    (school / "devices.csv").write_text(ROWS)
    assert noted(tmp_path, file) == []
    assert not (tmp_path / "var" / "schools").exists()

    file.write_text(HEAD + "enforce:\n  - {family: LCK, since: 2026-01-01, by: Head teacher}\n")
    risks = [raw(devices=["EP-0001", "EP-0002"]), raw(id="W-2", devices=["EP-0002"], control="LBL-01")]
    (school / "waivers.yml").write_text("waivers:\n" + "".join(f"  - {json.dumps(risk)}\n" for risk in risks))
    family, one, other = noted(tmp_path, file, "--limit", "*pc2*")
    assert (family["family"], family["on"], family["how"], family["by"]) == ("LCK", True, "by hand", "")
    assert [one["waiver"], other["waiver"]] == risks, "whole, though one device alone was expected"
    assert noted(tmp_path, file) == []

    done = command(
        tmp_path, "leeboard", "waiver", "end", "school", "--id", "W-2", "--reason", "No longer needed.", "--yes"
    )
    assert done.returncode == 0, done.stderr
    assert noted(tmp_path, file) == [], "the command has written it already"
    file.write_text(HEAD)
    (line,) = noted(tmp_path, file)
    assert (line["family"], line["on"]) == ("LCK", False)
    assert wrong(tmp_path) == []


def test_an_inventory_without_an_estate(tmp_path: Path) -> None:
    quick = {"ansible_python_interpreter": "/nowhere/python3", "leeboard_enforce": ["LCK"]}
    risks = [raw(devices=["pc1", "pc2"])]
    source = inventory(tmp_path, pc1={**quick, "leeboard_waivers": risks}, pc2={**quick, "leeboard_waivers": risks})
    family, risk = noted(tmp_path, source)
    assert (family["family"], risk["waiver"]) == ("LCK", risks[0])
    assert noted(tmp_path, source, "--limit", "pc2") == []
    longer = [raw(devices=["pc1", "pc2"], last_day="2027-08-20")]
    source = inventory(tmp_path, pc1={**quick, "leeboard_waivers": longer}, pc2={**quick, "leeboard_waivers": longer})
    (risk,) = noted(tmp_path, source)
    assert (risk["how"], risk["waiver"]) == ("by hand", longer[0])
    assert wrong(tmp_path) == []
