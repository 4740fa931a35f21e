"""The inventory plugin through the real ansible-inventory and ansible: groups, variables, connections and secrets."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible.inventory import read
from leeboard.estate.estate import read_estate
from leeboard.evidence.recording.expected import expected
from leeboard.policy.load import load
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.estate.vpn.declared import VPN, an_estate
from tests.unit.playing import ROOT, command

EXAMPLE = ROOT / "inventories" / "example"
SECRET = "correct-horse-battery-staple"


def listed(folder: Path, file: Path, *options: str, **environment: str) -> tuple[dict[str, Any], str]:
    """What ansible-inventory lists, without its marks for what is no template, and what it warns of, in one line."""
    done = command(folder, "ansible-inventory", "-i", str(file), "--list", *options, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, object_hook=_unmarked), " ".join(done.stderr.split())


def _unmarked(found: dict[str, Any]) -> Any:
    return found["__ansible_unsafe"] if found.keys() == {"__ansible_unsafe"} else found


def test_the_example_has_its_groups(tmp_path: Path) -> None:
    found, warned = listed(tmp_path, EXAMPLE / "estate.yml")
    assert warned == ""
    assert found["phase_primary"]["children"] == ["school_900001"]
    assert found["school_900001_linux"]["hosts"] == ["primary-office-1.900001", "primary-class-1.900001"]
    assert found["role_exam"]["hosts"] == ["secondary-exams-1.900002"]
    assert sorted(found["level_high"]["hosts"]) == ["nurse-1.900003", "secondary-head-1.900002"]
    assert found["form_server"]["hosts"] == ["secondary-server-1.900002"]
    assert set(found["platform_other"]["children"]) == {f"school_90000{number}_other" for number in (1, 2, 3)}


@pytest.mark.parametrize("file", ["estate.yml", "example-special/school.yml"])
def test_ansible_sees_what_leeboard_sees(tmp_path: Path, file: str) -> None:
    """Each device made from the variables that Ansible has is the one that leeboard reads without Ansible."""
    names = tuple(load().parameters)
    found, _ = listed(tmp_path, EXAMPLE / file)
    hosts = found["_meta"]["hostvars"]
    own = read(EXAMPLE / file, names)
    assert [expected(name, hosts[name], names) for name in sorted(hosts)] == list(own.devices)
    assert len(own.devices) == (14 if file == "estate.yml" else 4)
    assert own.problems == ()


def test_connections_of_the_example(tmp_path: Path) -> None:
    hosts = listed(tmp_path, EXAMPLE / "estate.yml")[0]["_meta"]["hostvars"]
    assert hosts["primary-office-1.900001"]["ansible_ssh_common_args"].startswith("-o ProxyJump=technician@jump.")
    assert hosts["secondary-office-1.900002"]["ansible_winrm_ca_trust_path"] == "/etc/leeboard/example-secondary.pem"
    assert hosts["nurse-1.900003"]["ansible_user"] == "leeboard@EXAMPLE-SPECIAL.EXAMPLE"
    assert hosts["nurse-1.900003"]["ansible_psrp_proxy"] == "http://proxy.example-special.example:3128"
    assert "ansible_connection" not in hosts["talker-1.900003"]
    assert hosts["secondary-head-1.900002"]["leeboard_enforce"] == ["LBL"]
    assert hosts["primary-class-1.900001"]["leeboard_waivers"][0]["last_day"] == "2027-07-20"


def test_two_schools_may_name_a_device_the_same(tmp_path: Path) -> None:
    add_estate(tmp_path)
    add_school(tmp_path / "one", "900001")
    alone = add_school(tmp_path / "two", "900002", "reachable: false\n")
    found, _ = listed(tmp_path, tmp_path / "estate.yml")
    assert sorted(found["_meta"]["hostvars"]) == ["pc-1.900001", "pc-1.900002"]
    assert found["unreachable_by_design"]["children"] == ["school_900002"]
    assert found["_meta"]["hostvars"]["pc-1.900002"]["leeboard_reachable"] is False
    found, _ = listed(tmp_path, alone)
    assert list(found["_meta"]["hostvars"]) == ["pc-1.900002"]


def test_mistakes_are_warnings_with_row_and_column(tmp_path: Path) -> None:
    add_estate(tmp_path)
    add_school(tmp_path / "one", "900001", rows="A-1,pc-1,,beos,desktop,office,,\nA-2,pc-2,,linux,desktop,office,,\n")
    add_school(tmp_path / "two", "900002", "level: top\n")
    found, warned = listed(tmp_path, tmp_path / "estate.yml")
    assert list(found["_meta"]["hostvars"]) == ["pc-2.900001"]
    assert "devices.csv, row 2, column platform: 'beos' is no platform" in warned
    assert "school.yml, line 5, level: is 'top'" in warned


def test_an_estate_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    add_estate(tmp_path, "level: top\n")
    found, warned = listed(tmp_path, tmp_path / "estate.yml")
    assert found["_meta"]["hostvars"] == {}
    assert "estate.yml, line 4, level: stands there twice" in warned


def test_templates_work_in_vars_and_are_text_in_a_sheet(tmp_path: Path) -> None:
    add_estate(tmp_path, 'vars: {leeboard_notice_text: "Of {{ leeboard_school }}"}\n')
    serial = "{{ lookup('pipe'; 'touch hacked') }}".replace("; ", ", ")
    file = add_school(tmp_path / "one", "900001", rows=f'A-1,pc-1,,linux,desktop,office,,"{serial}"\n')
    done = command(
        tmp_path,
        *("ansible", "all", "-i", str(file), "-c", "local", "-m", "ansible.builtin.debug"),
        *("-a", "msg='{{ leeboard_notice_text }}; {{ leeboard_serial }}'"),
    )
    assert "Of School 900001; {{ lookup" in done.stdout, done.stdout + done.stderr
    assert not (tmp_path / "hacked").exists()


def test_ssh_gets_the_jump_host_as_one_argument(tmp_path: Path) -> None:
    spy = tmp_path / "ssh"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path}/said\nexit 255\n')
    spy.chmod(0o755)
    file = add_school(
        tmp_path / "one",
        "900001",
        "level: high\nnetwork: {jump_host: 'ada@jump.example:2222'}\n"
        "connection: {linux: {user: grace, port: 2200, key: '/etc/a key'}}\n",
    )
    ping = ("ansible", "all", "-i", str(file), "-m", "ansible.builtin.raw", "-a", "true")
    command(tmp_path, *ping, ANSIBLE_SSH_EXECUTABLE=str(spy), ANSIBLE_SSH_RETRIES="0")
    said = (tmp_path / "said").read_text().splitlines()
    assert "ProxyJump=ada@jump.example:2222" in said
    assert "Port=2200" in said
    assert 'User="grace"' in said
    assert 'IdentityFile="/etc/a key"' in said
    assert "192.0.2.1" in said


@pytest.fixture
def vaulted(tmp_path: Path) -> Path:
    """A school whose vault has a password, and the file with the vault's own password beside it."""
    file = add_school(
        tmp_path / "one",
        "900001",
        "level: high\nvault: vault.yml\nconnection: {windows: {user: leeboard, vars: "
        "{ansible_password: '{{ vault_windows_password }}'}}}\n",
        "A-1,pc-1,,windows,desktop,office,,\nA-2,pc-2,,linux,desktop,office,,\n",
    )
    (tmp_path / "key").write_text("the key\n")
    file.with_name("vault.yml").write_text(f"vault_windows_password: {SECRET}\nleeboard_level: standard\n")
    done = command(
        tmp_path, "ansible-vault", "encrypt", str(file.with_name("vault.yml")), "--vault-password-file", "key"
    )
    assert done.returncode == 0, done.stderr
    return file


def shown(folder: Path, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run that works the password of both devices out and compares it."""
    check = f"ansible_password is defined and ansible_password == '{SECRET}'"
    return command(
        folder,
        *("ansible", "all", "-i", str(file), "-c", "local", "-vvvv", "-m", "ansible.builtin.debug"),
        *("-a", f"msg=\"{{{{ inventory_hostname }}}} {{{{ 'has it' if {check} else 'has not' }}}}\"", *options),
    )


def test_a_vault_is_opened_by_ansible_and_not_shown(tmp_path: Path, vaulted: Path) -> None:
    done = shown(tmp_path, vaulted, "--vault-password-file", "key")
    assert "pc-1.900001 has it" in done.stdout, done.stdout + done.stderr
    assert "pc-2.900001 has not" in done.stdout  # a Linux device is not offered it
    assert SECRET not in (done.stdout + done.stderr).replace(f"== '{SECRET}'", "")
    assert "holds leeboard_level, which is no secret" in " ".join(done.stderr.split())
    level = listed(tmp_path, vaulted, "--vault-password-file", str(tmp_path / "key"))[0]["_meta"]["hostvars"]
    assert level["pc-1.900001"]["leeboard_level"] == "high"


@pytest.mark.parametrize("key", ["", "another key\n"])
def test_a_vault_that_stays_shut_is_a_warning_and_costs_no_device(tmp_path: Path, vaulted: Path, key: str) -> None:
    options = ()
    if key:
        (tmp_path / "wrong").write_text(key)
        options = ("--vault-password-file", str(tmp_path / "wrong"))
    found, warned = listed(tmp_path, vaulted, *options)
    assert sorted(found["_meta"]["hostvars"]) == ["pc-1.900001", "pc-2.900001"]
    assert "vault.yml: the vault of school 900001 cannot be opened" in warned
    assert "616" not in warned


def test_an_encrypted_value_in_vars_is_ansibles_to_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the key\n")
    made = command(tmp_path, "ansible-vault", "encrypt_string", "--vault-password-file", "key", SECRET)
    indented = made.stdout.strip().replace("\n", "\n    ")
    file = add_school(tmp_path / "one", "900001", f"level: high\nvars:\n  ansible_password: {indented}\n")
    done = shown(tmp_path, file, "--vault-password-file", "key")
    assert "pc-1.900001 has it" in done.stdout, done.stdout + done.stderr
    assert read(file).problems == ()


@pytest.mark.parametrize(("version", "words"), [("", "is not installed"), ("9.9.9", "is version 9.9.9")])
def test_a_missing_or_another_brain_is_named(tmp_path: Path, version: str, words: str) -> None:
    package = tmp_path / "path" / "leeboard"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "version.py").write_text(f'__version__ = "{version}"\n' if version else "raise ImportError\n")
    found, warned = listed(tmp_path, EXAMPLE / "estate.yml", PYTHONPATH=str(package.parent))
    assert found["_meta"]["hostvars"] == {}
    assert f"the Python package leeboard {words}" in warned


def test_a_file_of_another_plugin_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "school.yml").write_text("all: {hosts: {pc-1: {leeboard_urn: '900001'}}}\n")
    found, _ = listed(tmp_path, tmp_path / "school.yml")
    assert list(found["_meta"]["hostvars"]) == ["pc-1"]
    assert read(tmp_path / "school.yml").devices[0].name == "pc-1"


def test_ansible_is_told_of_the_vpn_as_leeboard_is(tmp_path: Path) -> None:
    """A host variable, with nothing in it that Ansible would take for a template; the rest of the school has none."""
    file = an_estate(tmp_path, VPN.replace("home: [10", "inner: [10.99.0.0/24]\n  home: [10"))
    (tmp_path / "vpn" / "addresses.csv").write_text(
        "address,urn,asset,given,ended\n10.99.0.2,900001,A-1,2026-11-26,\n10.99.0.3,900001,A-2,2026-11-26,\n"
    )
    found, warned = listed(tmp_path, file)
    hosts = found["_meta"]["hostvars"]
    (school,) = read_estate(file).schools
    names = ("leeboard_vpn", "leeboard_vpn_gateways", "leeboard_inner_address")
    for row in school.devices:
        own = school.device_variables(row)
        seen = hosts[school.name_of(row)]
        assert {name: seen.get(name) for name in names} == {name: own.get(name) for name in names}
    assert warned == "" and hosts["lt-1.900001"]["leeboard_inner_address"] == "10.99.0.2"
    assert "leeboard_inner_address" not in hosts["pc-2.900001"], "it has no VPN any more"
