"""`leeboard estate` as a technician runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.estate import editing
from leeboard.estate.estate import read_estate
from leeboard.evidence.notes import pins
from leeboard.evidence.notes.pins import Pin
from leeboard.model.identity import Sighting
from tests.unit.estate.importing.lists import as_csv, as_xlsx
from tests.unit.estate.importing.test_register import LINKS, register, school, text

OLD = """\
# Whoever changes this: tell the office.
plugin: leeboard.schools.estate
urn: '900009'          # until the conversion
name: Hill School
phase: primary
contacts:
- {post: Head teacher}   # nobody's name
vars:
  leeboard_notice_text: "Hill: keep out"
"""
ROWS = """\
Asset tag,Host,Platform,Form,Role,Serial,Notes,Room
EP-1,ep-1,linux,desktop,exam,PF111,,Hall
EP-2,,windows,pc,office,PF222,Lid,12
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    folder = estate_with(tmp_path / "estate", ROWS)
    (folder / "hill" / "school.yml").chmod(0o664)
    return folder


def estate_with(folder: Path, rows: str) -> Path:
    """An estate in `folder` of one school, which has these devices."""
    (folder / "hill").mkdir(parents=True)
    (folder / "estate.yml").write_text("plugin: leeboard.schools.estate\nname: Example LA\nlevel: standard\n")
    (folder / "hill" / "school.yml").write_text(OLD)
    (folder / "hill" / "devices.csv").write_text(rows)
    return folder


def run(estate: Path, *arguments: str, **more: Any) -> Result:
    options = [] if arguments[0] != "import" else ["--var", str(estate.parent / "var")]
    done = CliRunner().invoke(app, ["estate", *arguments, "-i", str(estate), *options], **more)
    if isinstance(done.exception, LeeboardError):
        return done
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def names(estate: Path) -> list[str]:
    return [f"{one.urn} {one.settings.name} {len(one.devices)}" for one in read_estate(estate / "estate.yml").schools]


def test_a_school_of_the_register_is_added(estate: Path, tmp_path: Path) -> None:
    file = register(tmp_path, school("900002", "Dale View Primary School"), school("900003"))
    before = sorted(estate.rglob("*"))
    shown = run(estate, "import", "register", str(file), "--urn", "900002", "--dry-run")
    assert shown.exit_code == 0
    assert "Dale View" in shown.output
    assert sorted(estate.rglob("*")) == before
    asked = run(estate, "import", "register", str(file), "--urn", "900002")
    assert "nobody can be asked here" in str(asked.exception)
    assert sorted(estate.rglob("*")) == before
    done = run(estate, "import", "register", str(file), "--urn", "900002", "--yes")
    assert done.exit_code == 0, done.output
    assert names(estate) == ["900002 Dale View Primary School 0", "900009 Hill School 2"]
    assert read_estate(estate / "estate.yml").problems == ()
    again = run(estate, "import", "register", str(file), "--urn", "900002", "--yes")
    assert (again.exit_code, "1 unchanged" in again.output, "written" in again.output) == (0, True, False)


def test_a_school_that_is_not_there_is_a_problem_and_the_others_go_on(estate: Path, tmp_path: Path) -> None:
    file = register(tmp_path, school("900002"))
    done = run(estate, "import", "register", str(file), "--urn", "900002", "--urn", "900007", "--yes")
    assert done.exit_code == 3
    assert "has no school with the URN 900007" in done.output
    assert len(names(estate)) == 2
    none = run(estate, "import", "register", str(file), "--urn", "900007", "--yes")
    assert "has none of these schools" in str(none.exception)
    assert "is no URN" in str(run(estate, "import", "register", str(file), "--urn", "9000021").exception)


def test_an_academy_goes_on_where_its_predecessor_ended(estate: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "var" / "evidence"
    (evidence / "900009").mkdir(parents=True)
    pinned = {"EP-1": Pin(Sighting(serial="PF111"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")}
    pins._write(pins.pins_path(evidence, "900009"), pinned)
    closed = school("900009", "Hill School", **{"EstablishmentStatus (name)": "Closed", "CloseDate": "31-08-2026"})
    file = register(tmp_path, closed, school("900001", "Hill Academy", **{"OpenDate": "01-09-2026"}))
    linked = tmp_path / "links_edubasealldata.csv"
    linked.write_bytes(text([["900001", "900009", "Hill School", "Predecessor", "01-09-2026"]], LINKS).encode("cp1252"))
    done = run(estate, "import", "register", str(file), "--laestab", "999/2001", "--links", str(linked), "--yes")
    assert done.exit_code == 0, done.output
    assert "its evidence stays under 900009" in done.output.replace("\n", " ")
    written = (estate / "hill" / "school.yml").read_text()
    assert written == OLD.replace("'900009'", "'900001'").replace("Hill School", "Hill Academy").replace(
        "phase: primary\n", 'phase: primary\nlaestab: "999/2001"\npredecessors: ["900009"]\n'
    )
    assert (estate / "hill" / "school.yml").stat().st_mode & 0o777 == 0o664
    assert names(estate) == ["900001 Hill Academy 2"]
    assert pins.read(pins.pins_path(evidence, "900001")) == pinned
    assert pins.read(pins.pins_path(evidence, "900009")) == pinned
    again = run(estate, "import", "register", str(file), "--urn", "900001", "--links", str(linked), "--yes")
    assert "1 unchanged" in again.output


def test_a_predecessor_may_be_named(estate: Path, tmp_path: Path) -> None:
    file = register(tmp_path, school("900001", "Hill Academy"))
    arguments = ("import", "register", str(file), "--urn", "900001", "--successor-of", "900009", "--yes")
    assert run(estate, *arguments).exit_code == 0
    (found,) = read_estate(estate / "estate.yml").schools
    assert (found.urn, found.settings.predecessors) == ("900001", ("900009",))


def test_a_merger_gets_a_folder_of_its_own(estate: Path, tmp_path: Path) -> None:
    file = register(tmp_path, school("900001", "Hill and Dale Primary School"))
    linked = tmp_path / "links.csv"
    rows = [["900001", one, "", "Predecessor - merged", ""] for one in ("900009", "900008")]
    linked.write_bytes(text(rows, LINKS).encode())
    done = run(estate, "import", "register", str(file), "--urn", "900001", "--links", str(linked), "--yes")
    assert done.exit_code == 0
    assert sorted(one.split()[0] for one in names(estate)) == ["900001", "900009"]
    assert (estate / "hill" / "school.yml").read_text() == OLD


def test_the_estate_is_brought_up_to_date_without_naming_schools(estate: Path, tmp_path: Path) -> None:
    file = register(tmp_path, school("900009", "Hill Primary School", **{"EstablishmentStatus (name)": "Closed"}))
    done = run(estate, "import", "register", str(file), "--yes")
    assert "closed; if it reopened under another URN" in done.output.replace("\n", " ")
    assert names(estate) == ["900009 Hill Primary School 2"]


def test_devices_are_imported_and_a_technician_s_own_columns_stay(estate: Path, tmp_path: Path) -> None:
    listed = tmp_path / "assets.xlsx"
    head = ["Asset Tag", "Serial", "Model", "Category", "Status", "Asset Name", "Checked Out To"]
    rows = [
        ["EP-9", "PF111", "OptiPlex", "Desktops", "Deployed", "", ""],
        ["EP-3", "PF333", "Latitude", "Laptops", "Deployed", "", ""],
        ["EP-4", "PF444", "Latitude", "Laptops", "Retired", "", ""],
    ]
    listed.write_bytes(as_xlsx(Cover=[["Hello"]], Assets=[head, *rows]))
    evidence = tmp_path / "var" / "evidence"
    (evidence / "900009").mkdir(parents=True)
    pinned = Pin(Sighting(serial="PF111"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    pins._write(pins.pins_path(evidence, "900009"), {"EP-1": pinned})
    arguments = ("import", "devices", str(listed), "--school", "hill", "--platform", "windows", "--role", "office")
    shown = run(estate, *arguments, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "Snipe-IT, sheet 'Assets' (not 'Cover')" in shown.output
    assert "1 new, 1 changed, 0 moved here, 0 unchanged, 1 missing (they stay" in shown.output.replace("\n", " ")
    assert (estate / "hill" / "devices.csv").read_text() == ROWS
    assert run(estate, *arguments, "--yes").exit_code == 0
    assert (estate / "hill" / "devices.csv").read_text() == (
        "asset,host,address,platform,form,role,level,serial,notes,Room\n"
        "EP-9,ep-1,,linux,desktop,exam,,PF111,,Hall\n"
        "EP-2,EP-2,,windows,desktop,office,,PF222,Lid,12\n"
        "EP-3,EP-3,,windows,portable,office,,PF333,,\n"
    )
    assert pins.read(pins.pins_path(evidence, "900009")) == {"EP-9": pinned}
    again = run(estate, *arguments, "--yes")
    assert (again.exit_code, "written" in again.output) == (0, False)
    removed = run(estate, *arguments, "--yes", "--remove-missing")
    assert "1 missing (removed)" in removed.output.replace("\n", " ")
    assert names(estate) == ["900009 Hill School 2"]


def test_what_cannot_be_done_safely_is_refused_and_changes_nothing(estate: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    rows = [["EP-1", "", "", ""], ["EP 5\x1b", "Linux", "PC", "office"]]
    listed.write_bytes(as_csv(["Asset tag", "OS", "Form", "Role"], *rows))
    arguments = ("import", "devices", str(listed), "--school", "900009")
    refused = run(estate, *arguments, "--yes", "--remove-missing")
    assert "what is missing cannot be told" in str(refused.exception)
    assert (estate / "hill" / "devices.csv").read_text() == ROWS
    partly = run(estate, *arguments, "--yes")
    assert (partly.exit_code, "row 3, column Asset tag" in partly.output) == (3, True)
    (estate / "hill" / "devices.csv").write_text(ROWS + "EP-5,,toaster,pc,office,,,\n")
    broken = run(estate, *arguments, "--yes")
    assert "mend that first, or they would be lost" in str(broken.exception)
    assert "0 schools fit" in str(run(estate, "import", "devices", str(listed), "--school", "none").exception)
    assert "--where takes" in str(run(estate, *arguments, "--where", "Location").exception)


def test_nothing_is_written_when_somebody_else_changes_the_file_meanwhile(
    estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_bytes(as_csv(["Asset tag", "OS", "Form", "Role"], ["EP-7", "Linux", "PC", "office"]))
    mine = ROWS + "EP-6,,linux,pc,office,,,\n"

    def agree(_yes: bool) -> bool:
        (estate / "hill" / "devices.csv").write_text(mine)
        return True

    monkeypatch.setattr("leeboard.cli.estate.importing._agreed", agree)
    done = run(estate, "import", "devices", str(listed), "--school", "hill")
    assert "somebody changed it meanwhile" in str(done.exception)
    assert (estate / "hill" / "devices.csv").read_text() == mine


def test_a_full_disk_leaves_the_old_file(estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "list.csv"
    listed.write_bytes(as_csv(["Asset tag", "OS", "Form", "Role"], ["EP-7", "Linux", "PC", "office"]))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run(estate, "import", "devices", str(listed), "--school", "hill", "--yes")
    assert "cannot be written: No space left on device" in str(done.exception)
    assert sorted(one.name for one in (estate / "hill").iterdir()) == ["devices.csv", "school.yml"]
    assert (estate / "hill" / "devices.csv").read_text() == ROWS


def test_a_device_moves_between_schools_and_is_never_lost(
    estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (estate / "dale").mkdir()
    (estate / "dale" / "school.yml").write_text(OLD.replace("900009", "900002").replace("Hill", "Dale"))
    (estate / "dale" / "devices.csv").write_text("asset,host,platform,form,role,serial\n")
    evidence = tmp_path / "var" / "evidence"
    (evidence / "900009").mkdir(parents=True)
    pinned = Pin(Sighting(serial="PF111"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    pins._write(pins.pins_path(evidence, "900009"), {"EP-1": pinned})
    listed = tmp_path / "list.csv"
    listed.write_bytes(as_csv(["Asset tag", "Serial"], ["DV-1", "PF111"]))
    arguments = ("import", "devices", str(listed), "--school", "900002", "--yes")
    written = editing._replace

    def killed(path: Path, content: bytes) -> None:
        if path.parent.name == "hill":
            raise OSError(5, "Input/output error")
        written(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(editing, "_replace", killed)
        assert "hill/devices.csv: cannot be written" in str(run(estate, *arguments).exception)
    assert names(estate) == ["900002 Dale School 1", "900009 Hill School 2"]
    assert "EP-1 in hill" in run(estate, "check").output or "DV-1 in dale" in run(estate, "check").output
    (estate / "dale" / "devices.csv").write_text("asset,host,platform,form,role,serial\n")
    done = run(estate, *arguments)
    assert (done.exit_code, "1 moved here" in done.output) == (0, True)
    assert names(estate) == ["900002 Dale School 1", "900009 Hill School 1"]
    (moved,) = read_estate(estate / "estate.yml").schools[0].devices
    assert (moved.asset, moved.role, moved.serial) == ("DV-1", "exam", "PF111")
    assert pins.read(pins.pins_path(evidence, "900002")) == {"DV-1": pinned}
    assert pins.read(pins.pins_path(evidence, "900009")) == {"EP-1": pinned}


def test_list_and_check(estate: Path) -> None:
    fine = run(estate, "list")
    assert (fine.exit_code, "1 school, 2 devices, 0 problems" in fine.output) == (0, True)
    assert run(estate, "check").exit_code == 0
    (estate / "dale").mkdir()
    (estate / "dale" / "school.yml").write_text(OLD.replace("900009", "900002"))
    (estate / "dale" / "devices.csv").write_text(ROWS + "EP-5,,toaster,pc,office,,,\n")
    found = run(estate, "check")
    assert found.exit_code == 3
    lines = found.output.splitlines()
    assert len(lines) == 3
    assert "devices.csv, row 4, column Platform: 'toaster' is no platform" in lines[0]
    assert all("in dale as well" in line and "column serial" in line for line in lines[1:])
    listed = run(estate, "list")
    assert (listed.exit_code, "2 schools, 4 devices, 3 problems" in listed.output) == (3, True)
    assert "holds no estate.yml" in str(run(estate.parent, "check").exception)


def test_a_conversion_keeps_json_and_yaml_of_others_out(estate: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {}}))
    assert "is no estate of Leeboard's" in str(run(tmp_path / "hosts.yml", "check").exception)
