"""An estate's folder: schools one by one, what they share, and that a mistake costs its own part only."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.estate.estate import Estate, is_estate, read_estate
from leeboard.model.enums import Platform
from tests.unit.estate.folders import ROWS, SHARED, add_estate, add_school
from tests.unit.estate.risks import raw

DAY = date(2026, 11, 26)


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    shared = "connection: {linux: {user: technician}}\nvars: {leeboard_time_servers: a, leeboard_notice_text: b}\n"
    add_estate(tmp_path, shared)
    add_school(tmp_path / "one", "900001", "vars: {leeboard_notice_text: c}\n")
    add_school(tmp_path / "two", "900002", "level: high\n", "A-1,pc-1,,windows,portable,office,sensitive,S-77Q\n")
    return tmp_path / "estate.yml"


def read(file: Path) -> Estate:
    return read_estate(file, DAY)


def test_all_schools_or_one(estate: Path) -> None:
    found = read(estate)
    assert found.problems == ()
    assert [one.urn for one in found.schools] == ["900001", "900002"]
    (alone,) = read(estate.parent / "two" / "school.yml").schools
    assert alone == found.schools[1]


def test_one_school_does_not_read_the_others(estate: Path) -> None:
    other = estate.parent / "one"
    (other / "school.yml").unlink()
    (other / "school.yml").mkdir()
    found = read(estate.parent / "two" / "school.yml")
    assert (len(found.schools), found.problems) == (1, ())
    assert len(read(estate).problems) == 1


def test_names_are_the_same_read_alone_and_differ_between_schools(estate: Path) -> None:
    names = [school.name_of(row) for school in read(estate).schools for row in school.devices]
    assert names == ["pc-1.900001", "pc-1.900002"]


def test_variables_and_where_they_come_from(estate: Path) -> None:
    one, two = read(estate).schools
    (row,) = one.devices
    assert one.device_variables(row) == {
        "leeboard_urn": "900001",
        "leeboard_school": "School 900001",
        "leeboard_enforce": [],
        "leeboard_time_servers": "a",
        "leeboard_notice_text": "c",
        "leeboard_asset": "A-1",
        "leeboard_platform": "linux",
        "leeboard_form": "desktop",
        "leeboard_role": "office",
        "leeboard_level": "standard",
    }
    origins = one.origins(row)
    assert origins["leeboard_level"] == "estate.yml"
    assert origins["leeboard_time_servers"] == "estate.yml"
    assert origins["leeboard_notice_text"] == "school.yml"
    assert origins["leeboard_role"] == "devices.csv row 2"
    assert origins.keys() == one.device_variables(row).keys()
    (row,) = two.devices
    assert two.device_variables(row)["leeboard_level"] == "sensitive"
    assert two.origins(row)["leeboard_level"] == "devices.csv row 2"


def test_whom_a_school_names_to_go_first_is_a_device_of_it(estate: Path) -> None:
    file = estate.parent / "one" / "school.yml"
    said = file.read_text()
    file.write_text(said + "canary: [A-1]\n")
    school = read(estate).schools[0]
    (row,) = school.devices
    assert school.device_variables(row)["leeboard_canary"] == ["A-1"]
    assert school.origins(row)["leeboard_canary"] == "school.yml" and school.problems == ()
    file.write_text(said + "canary: [A-9]\n")
    (problem,) = read(estate).problems
    assert problem.column == "canary" and "names A-9, which is no asset tag in devices.csv" in str(problem)


@pytest.mark.parametrize("damage", ["level: [", "urn: 7\n", "phase: 3\n"])
def test_a_bad_school_costs_itself(estate: Path, damage: str) -> None:
    (estate.parent / "one" / "school.yml").write_text(f"plugin: leeboard.schools.estate\n{damage}")
    found = read(estate)
    assert [one.urn for one in found.schools] == ["900002"]
    (problem,) = found.problems
    assert str(problem).startswith(str(estate.parent / "one" / "school.yml"))


def test_a_bad_row_costs_itself(estate: Path) -> None:
    with (estate.parent / "one" / "devices.csv").open("a") as file:
        file.write("A-2,pc-2,,beos,desktop,office,,\nA-3,pc-3,,linux,desktop,office,,\n")
    found = read(estate)
    assert [one.asset for one in found.schools[0].devices] == ["A-1", "A-3"]
    (problem,) = found.problems
    assert (problem.row, problem.column) == (3, "platform")
    assert problem in found.schools[0].problems


def test_a_urn_twice_costs_the_second(estate: Path) -> None:
    add_school(estate.parent / "three", "900002")
    found = read(estate)
    assert [one.folder.name for one in found.schools] == ["one", "three"]
    assert "900002 is the URN of three as well" in str(found.problems[0])


def test_a_folder_without_a_school_file_is_named_and_others_are_not(estate: Path) -> None:
    (estate.parent / "group_vars").mkdir()
    (estate.parent / "four").mkdir()
    (estate.parent / "four" / "devices.csv").write_text(ROWS)
    (problem,) = read(estate).problems
    assert "four" in problem.file
    assert "is missing" in problem.message


@pytest.mark.parametrize("name", ["devices.csv", "school.yml"])
@pytest.mark.parametrize("how", ["missing", "link", "folder", "unreadable bytes"])
def test_files_that_are_none(estate: Path, name: str, how: str) -> None:
    path = estate.parent / "one" / name
    path.unlink()
    if how == "link":
        path.symlink_to("/etc/passwd")
    elif how == "folder":
        path.mkdir()
    elif how == "unreadable bytes":
        path.write_bytes(b"\xff\xfe\x00\xd8")
    found = read(estate)
    assert "900002" in [one.urn for one in found.schools]
    (problem,) = found.problems
    assert problem.file == str(path)


def test_a_level_must_be_said_somewhere(estate: Path) -> None:
    estate.write_text(SHARED.replace("level: standard\n", ""))
    found = read(estate)
    assert [one.urn for one in found.schools] == ["900002"]
    assert "level: is missing here and in estate.yml" in str(found.problems[0])


@pytest.mark.parametrize("text", ["plugin: leeboard.schools.estate\nlevel: x\n", "[", ""])
def test_an_estate_file_that_makes_no_sense_stops(estate: Path, text: str) -> None:
    estate.write_text(text)
    with pytest.raises(LeeboardError, match=r"estate\.yml"):
        read(estate)


def test_enforce_holds_from_its_day_on(estate: Path) -> None:
    file = add_school(
        estate.parent / "five",
        "900005",
        "enforce:\n  - {family: LCK, since: 2026-11-26, by: Head}\n  - {family: LCK, since: 2026-01-01, by: Head}\n"
        "  - {family: AUD, since: 2026-11-27, by: Head}\n",
    )
    assert read(file).schools[0].enforce == ("LCK",)
    assert read_estate(file, date(2026, 11, 27)).schools[0].enforce == ("LCK", "AUD")
    assert read_estate(file, date(2025, 11, 27)).schools[0].enforce == ()


@pytest.mark.parametrize(
    ("text", "ids", "words"),
    [
        (f"waivers:\n  - {json.dumps(raw())}\n", ["W-2026-001"], ""),
        (f"waivers:\n  - {json.dumps(raw())}\n  - {{id: W-2}}\n", ["W-2026-001"], "line 3: W-2: control is missing"),
        (f"waivers:\n  - {json.dumps(raw())}\n  - id: W-2\n    x: a: b\n", ["W-2026-001"], "line 4: is no YAML"),
        ("waivers: []\n", [], ""),
        ("waivers:\n", [], ""),
        ("", [], ""),
        ("waivers: 3\n", [], "must hold one key"),
        ("waiver: []\n", [], "must hold one key"),
        ("waivers: [", [], "no YAML"),
        ("waivers: [!vault x]", [], "no secret"),
    ],
)
def test_waivers_that_make_sense_are_handed_on(estate: Path, text: str, ids: list[str], words: str) -> None:
    (estate.parent / "one" / "waivers.yml").write_text(text)
    found = read(estate)
    assert [one.id for one in found.schools[0].waivers] == ids
    assert found.schools[0].variables.get("leeboard_waivers", []) == [raw()][: len(ids)]
    assert len(found.problems) == bool(words)
    assert words in "".join(map(str, found.problems))


def test_connections_by_platform(tmp_path: Path) -> None:
    shared = "connection: {linux: {user: technician}, windows: {user: leeboard, realm: EXAMPLE.SCHOOL}}\n"
    add_estate(tmp_path, shared)
    file = add_school(
        tmp_path / "one",
        "900001",
        "network: {jump_host: 'ada@jump.example:2222', proxy: 'http://proxy.example:3128'}\n"
        "connection: {linux: {port: 2200, key: /etc/leeboard/key}, windows: {ca: /etc/leeboard/ca.pem}}\n",
    )
    (one,) = read(file).schools
    assert one.connection_variables(Platform.LINUX) == {
        "ansible_connection": "ssh",
        "ansible_user": "technician",
        "ansible_port": 2200,
        "ansible_become": True,
        "ansible_ssh_private_key_file": "/etc/leeboard/key",
        "ansible_ssh_common_args": "-o ProxyJump=ada@jump.example:2222",
    }
    assert one.connection_variables(Platform.WINDOWS) == {
        "ansible_connection": "winrm",
        "ansible_user": "leeboard@EXAMPLE.SCHOOL",
        "ansible_port": 5986,
        "ansible_become": False,
        "ansible_winrm_transport": "kerberos",
        "ansible_winrm_ca_trust_path": "/etc/leeboard/ca.pem",
        "ansible_winrm_proxy": "http://proxy.example:3128",
    }
    assert one.connection_variables(Platform.OTHER) == {}


@pytest.mark.parametrize(
    ("windows", "wanted"),
    [
        ("{}", {"ansible_connection": "winrm", "ansible_port": 5986, "ansible_winrm_transport": "ntlm"}),
        ("{transport: negotiate}", {"ansible_winrm_transport": "ntlm"}),
        ("{user: 'SCHOOL\\ada', realm: A.EXAMPLE}", {"ansible_user": "SCHOOL\\ada"}),
        ("{type: psrp}", {"ansible_connection": "psrp", "ansible_psrp_auth": "negotiate"}),
        ("{type: psrp, realm: A.EXAMPLE, ca: /c}", {"ansible_psrp_auth": "kerberos", "ansible_psrp_ca_cert": "/c"}),
        ("{type: ssh, user: ada}", {"ansible_connection": "ssh", "ansible_shell_type": "powershell"}),
    ],
)
def test_ways_to_windows(tmp_path: Path, windows: str, wanted: dict[str, object]) -> None:
    file = add_school(tmp_path / "one", "900001", f"level: high\nconnection: {{windows: {windows}}}\n")
    found = read(file).schools[0].connection_variables(Platform.WINDOWS)
    assert found == {**found, **wanted}
    assert found["ansible_become"] is False


def test_what_vars_say_is_not_said_again(tmp_path: Path) -> None:
    file = add_school(tmp_path / "one", "900001", "level: high\nvars: {ansible_become: false}\n")
    assert "ansible_become" not in read(file).schools[0].connection_variables(Platform.LINUX)


def test_whose_file_it_is(estate: Path, tmp_path: Path) -> None:
    assert is_estate(estate)
    assert is_estate(estate.parent / "one" / "school.yml")
    other = tmp_path / "other"
    other.mkdir()
    for name, text in (
        ("estate.yml", "plugin: someone.else\n"),
        ("hosts.yml", SHARED),
        ("school.yml", "# plugin: x\n"),
    ):
        (other / name).write_text(text)
        assert not is_estate(other / name)
    (other / "estate.yml").write_text("plugin: 'leeboard.schools.estate'  # ours\nlevel: [")
    assert is_estate(other / "estate.yml")


def test_our_variables_beside_the_files_are_a_problem(estate: Path) -> None:
    beside = estate.parent / "one" / "group_vars"
    beside.mkdir()
    (beside / "all.yml").write_text("ansible_user: ada\nleeboard_level: high\n")
    (beside / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n616263\n")
    (problem,) = read(estate).problems
    assert (problem.file, problem.column) == (str(beside / "all.yml"), "leeboard_level")


def test_a_vault_that_lies_there_in_clear_or_not_at_all_is_a_problem(estate: Path) -> None:
    file = estate.parent / "one" / "school.yml"
    file.write_text(file.read_text() + "vault: vault.yml\n")
    (problem,) = read(estate).problems
    assert str(problem).startswith(f"{file.with_name('vault.yml')}: is missing")
    file.with_name("vault.yml").write_text("vault_password: very-secret\n")
    (problem,) = read(estate).problems
    assert "run ansible-vault encrypt vault.yml" in str(problem)
    assert "very-secret" not in str(problem)
    file.with_name("vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n616263\n")
    assert read(estate).problems == ()
