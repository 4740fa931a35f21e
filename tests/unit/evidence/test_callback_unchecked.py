"""A run says in one line of how many devices it was told not to check who answers: real ansible-playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible.unchecked import CERTIFICATES, HEAD, HOST_KEYS, counted, line
from tests.unit.evidence.test_callback import Site

PLAY: dict[str, Any] = {"hosts": "all", "gather_facts": False, "tasks": [{"leeboard.schools.check": {}}]}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def warned(output: str) -> list[str]:
    return [one for one in output.splitlines() if HEAD in one]


def test_one_line_names_what_and_how_many(site: Site) -> None:
    site.sees("checked", ansible_connection="ssh")
    site.sees("local", ansible_host_key_checking=False)
    site.sees("off", ansible_connection="ssh", ansible_host_key_checking="{{ school_checks }}", school_checks=False)
    site.sees("by-argument", ansible_connection="ssh", ansible_ssh_common_args="-o StrictHostKeyChecking=no")
    site.sees("windows", ansible_connection="winrm", ansible_winrm_server_cert_validation="ignore")
    site.sees("untold", ansible_connection="ssh", ansible_host_key_checking="{{ nobody_said }}")
    site.host("tablet", leeboard_platform="other", ansible_connection="ssh", ansible_host_key_checking=False)
    _, output = site.run([PLAY, {**PLAY, "hosts": "off"}])
    assert warned(output) == [line({HOST_KEYS: 2, CERTIFICATES: 1})]


def test_a_later_play_adds_its_hosts_and_counts_none_twice(site: Site) -> None:
    for name in ("one", "two"):
        site.sees(name, ansible_connection="ssh", ansible_host_key_checking=False)
    status, output = site.run([{**PLAY, "hosts": "one"}, {**PLAY, "hosts": "one:two"}])
    assert status == 0, "it is no error"
    assert warned(output) == [line({HOST_KEYS: 1}), line({HOST_KEYS: 2})]
    assert counted([output]) == {HOST_KEYS: 2}


def test_what_holds_for_all_counts_where_a_host_says_nothing(site: Site) -> None:
    site.sees("one", ansible_connection="ssh")
    site.sees("two", ansible_connection="ssh", ansible_host_key_checking=True)
    (site.folder / "ansible.cfg").write_text("[defaults]\nhost_key_checking = False\n")
    _, output = site.run([PLAY])
    assert warned(output) == [line({HOST_KEYS: 1})]


def test_nothing_is_said_where_all_is_checked(site: Site) -> None:
    site.sees("one", ansible_connection="ssh")
    site.sees("two", ansible_connection="winrm")
    status, output = site.run([PLAY])
    assert status == 0 and warned(output) == []
