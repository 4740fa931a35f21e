"""Inventories through the real ansible-inventory, good and bad."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible.inventory import file_of, read
from leeboard.errors import LeeboardError
from leeboard.estate.school import SchoolVariables
from tests.unit.estate.folders import ROW, add_estate, add_school

GOOD = """
all:
  vars: {leeboard_level: standard, leeboard_platform: linux, leeboard_form: desktop}
  children:
    primary:
      vars: {leeboard_urn: "900001", leeboard_school: Example Primary, leeboard_role: office}
      hosts:
        pc1: {leeboard_level: high}
        pc2: {}
    secondary:
      vars: {leeboard_urn: "900002", leeboard_school: Example Secondary, leeboard_role: office}
      hosts:
        pc3: {}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "hosts.yml"
    path.write_text(text)
    return path


def test_devices_come_merged_by_ansible_with_their_origins(tmp_path: Path) -> None:
    found = read(write(tmp_path, GOOD), with_origins=True)
    assert [(one.name, one.level, one.urn) for one in found.devices] == [
        ("pc1", "high", "900001"),
        ("pc2", "standard", "900001"),
        ("pc3", "standard", "900002"),
    ]
    assert found.origins["pc1"]["leeboard_level"] == "device"
    assert found.origins["pc2"]["leeboard_level"] == "group all"
    assert found.origins["pc2"]["leeboard_role"] == "group primary"
    assert found.problems == ()


@pytest.mark.parametrize("chatter", ["ANSIBLE_VERBOSITY", "ANSIBLE_DEBUG"])
def test_whoever_asks_ansible_to_say_more_still_gets_the_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chatter: str
) -> None:
    monkeypatch.setenv(chatter, "5")
    assert [one.name for one in read(write(tmp_path, GOOD)).devices] == ["pc1", "pc2", "pc3"]


def test_a_school_is_found_by_urn_name_or_part_of_it(tmp_path: Path) -> None:
    found = read(write(tmp_path, GOOD))
    for words in ("900002", "Example Secondary", "second"):
        assert [one.name for one in found.of_school(words)] == ["pc3"]
    for words in ("example", "elsewhere"):
        with pytest.raises(LeeboardError, match="900001 Example Primary"):
            found.of_school(words)


def test_waivers_are_of_a_group_or_a_device_and_a_wrong_one_is_no_error_of_a_device(tmp_path: Path) -> None:
    fields = "control: LCK-01, reason: r, owner: o, approved_by: a, granted: 2026-09-01, last_day: 2027-07-20"
    group = f"""
      vars:
        leeboard_urn: "900001"
        leeboard_role: office
        leeboard_waivers:
          - {{id: W-1, devices: [pc1, pc9], {fields}}}
          - {{id: W-2, school: true, {fields}}}
          - {{id: W-3, roles: [exam], {fields}}}
          - {{id: W-4, school: true, owner: o}}
      hosts:
        pc1: {{}}
        pc2: {{leeboard_waivers: [{{id: W-5, devices: [pc2], {fields}}}]}}
"""
    before, _, rest = GOOD.partition("      vars: {leeboard_urn")
    found = read(write(tmp_path, before + group.lstrip("\n") + "    secondary:" + rest.partition("    secondary:")[2]))
    carried = {one.name: [risk.id for risk in one.waivers] for one in found.devices}
    assert carried == {"pc1": ["W-1", "W-2"], "pc2": ["W-5"], "pc3": []}
    assert not any(one.problem for one in found.devices)
    assert [problem.partition(": ")[2][:60] for problem in found.problems] == [
        "waiver 4 in leeboard_waivers: W-4: control is missing; name ",
        "waiver W-1: pc9: no such device at the school, so the other ",
        "waiver W-3: no device of the school has the role exam; take ",
    ]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("leeboard_level: hgih", "leeboard_level is 'hgih': it must be one of standard, sensitive, high"),
        ("leeboard_asset: ../../etc/passwd", "leeboard_asset"),
        ('leeboard_asset: "a\\e[2Jb"', "leeboard_asset"),
        ("leeboard_enforce: LCK", "leeboard_enforce"),
        ("leeboard_overrides: [1]", "leeboard_overrides"),
        ("leeboard_platform: null", "leeboard_platform is missing"),
    ],
)
def test_a_bad_device_is_one_line_and_the_others_go_on(tmp_path: Path, line: str, named: str) -> None:
    found = read(write(tmp_path, GOOD.replace("pc2: {}", f"pc2: {{{line}}}")))
    assert found.problems == ()
    problems = {one.name: one.problem for one in found.devices}
    assert (problems["pc1"], problems["pc3"]) == ("", "")
    assert problems["pc2"].startswith("pc2: ")
    assert named in problems["pc2"]
    assert problems["pc2"].isprintable()


@pytest.mark.parametrize("urn", ["12", "900001", '"90000\\e"', "null"])
def test_a_host_without_a_school_is_named_and_the_others_go_on(tmp_path: Path, urn: str) -> None:
    found = read(write(tmp_path, GOOD.replace("pc2: {}", f"pc2: {{leeboard_urn: {urn}}}")))
    assert [one.name for one in found.devices] == ["pc1", "pc3"]
    (problem,) = found.problems
    assert problem.startswith("pc2: leeboard_urn is ")
    assert problem.isprintable()


def test_one_asset_tag_twice_is_a_problem_of_both(tmp_path: Path) -> None:
    found = read(write(tmp_path, GOOD.replace("pc2: {}", "pc2: {leeboard_asset: pc1}")))
    assert [(one.name, one.asset) for one in found.devices] == [("pc1", "pc1"), ("pc2", "pc1-pc2"), ("pc3", "pc3")]
    assert ["pc1 and pc2 have the same asset tag" in one.problem for one in found.devices] == [True, True, False]


@pytest.mark.parametrize("text", ["all: [", "", "all:\n  hosts:\n", "\x00\x01"])
def test_a_broken_inventory_names_the_file(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(LeeboardError, match=str(path)):
        read(path)


def test_a_folder_stands_for_its_file_and_nothing_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not an inventory")
    assert file_of(write(tmp_path, GOOD).parent) == tmp_path / "hosts.yml"
    with pytest.raises(LeeboardError, match="no such inventory"):
        file_of(tmp_path / "elsewhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(LeeboardError, match="holds none of"):
        file_of(empty)


def test_what_a_school_says_of_itself_as_a_whole(tmp_path: Path) -> None:
    text = GOOD.replace(
        "leeboard_school: Example Primary,",
        "leeboard_school: Example Primary, leeboard_report_recipients: SIRO, leeboard_second_factor_export: e/s.csv,",
    ).replace("        pc2: {}", "        pc2: {leeboard_report_recipients: Governors}")
    found = read(write(tmp_path, text))
    assert found.schools["900001"] == SchoolVariables("", tmp_path / "e" / "s.csv")
    assert found.schools["900002"] == SchoolVariables()
    (problem,) = found.problems
    assert problem.startswith("school 900001: leeboard_report_recipients differs between the school's devices")
    assert len(found.devices) == 3


def test_no_file_ever_holds_what_the_inventory_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any moment it leaves nothing in clear."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name in ("TMPDIR", "HOME"):
        monkeypatch.setenv(name, str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    real = subprocess.run
    seen: list[Path] = []

    def watched(*command: Any, **options: Any) -> Any:
        done = real(*command, **options)
        assert b"Swordfish" in done.stdout
        seen.extend(one for one in scratch.rglob("*") if one.is_file())
        return done

    monkeypatch.setattr("leeboard.ansible.inventory.subprocess.run", watched)
    read(write(tmp_path, GOOD.replace("pc2: {}", "pc2: {ansible_password: Swordfish}")))
    assert seen == []


def test_reading_leaves_no_copy_of_the_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    read(write(tmp_path, GOOD), with_origins=True)
    with pytest.raises(LeeboardError):
        read(write(tmp_path, "all: ["))
    assert list(scratch.iterdir()) == []


def test_estate_files_are_read_without_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("Ansible was started")

    monkeypatch.setattr("leeboard.ansible.inventory.subprocess.run", never)
    add_estate(tmp_path, "vars: {leeboard_time_servers: a}\n")
    file = add_school(
        tmp_path / "hill",
        "900001",
        "reachable: false\nvars: {leeboard_report_recipients: SIRO, leeboard_second_factor_export: e/s.csv}\n",
        f"{ROW}A-2,pc-2,,linux,desktop,office,high,\n",
    )
    add_school(tmp_path / "mill", "900002", rows=f"{ROW}A-2,pc-2,,beos,desktop,office,,\n")
    found = read(tmp_path, ("time_servers",), with_origins=True)
    assert [(one.name, one.level) for one in found.devices] == [
        ("pc-1.900001", "standard"),
        ("pc-1.900002", "standard"),
        ("pc-2.900001", "high"),
    ]
    assert found.devices[0].parameters == {"time_servers": "a"}
    assert found.origins["pc-2.900001"]["leeboard_level"] == "devices.csv row 3"
    assert found.origins["pc-1.900001"]["leeboard_time_servers"] == "estate.yml"
    assert found.schools["900001"] == SchoolVariables("SIRO", tmp_path / "hill" / "e" / "s.csv", False, file)
    assert [found.reachable(one) for one in found.devices] == [False, True, False]
    (problem,) = found.problems
    assert problem.startswith(f"{tmp_path / 'mill' / 'devices.csv'}, row 3, column platform: ")
    alone = read(tmp_path / "hill")
    assert [one.name for one in alone.devices] == ["pc-1.900001", "pc-2.900001"]
    assert alone.problems == ()


def test_an_estate_device_is_found_by_host_asset_tag_or_name(tmp_path: Path) -> None:
    add_estate(tmp_path)
    add_school(tmp_path / "hill", "900001", rows=f"{ROW}A-2,pc-2,,linux,desktop,office,,\n")
    add_school(tmp_path / "mill", "900002")
    found = read(tmp_path)
    for words in ("pc-2", "A-2", "pc-2.900001"):
        assert found.named(words, tmp_path).name == "pc-2.900001"
    with pytest.raises(LeeboardError, match=r"pc-1: 2 devices .* pc-1\.900001 \(School 900001\), pc-1\.900002"):
        found.named("pc-1", tmp_path)
    with pytest.raises(LeeboardError, match=r"pc-3: there is no such device in .*; did you mean pc-[12] or pc-[12]\?"):
        found.named("pc-3", tmp_path)


@pytest.mark.parametrize("rows", ["", "A-1,pc-1,,beos,desktop,office,,\n"])
def test_an_estate_without_a_device_is_an_error(tmp_path: Path, rows: str) -> None:
    add_estate(tmp_path)
    add_school(tmp_path / "hill", "900001", rows=rows)
    with pytest.raises(LeeboardError, match=r"row 2, column platform" if rows else r"Add rows to devices\.csv"):
        read(tmp_path)
