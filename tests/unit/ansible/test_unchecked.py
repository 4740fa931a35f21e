"""Which devices' host keys or certificates a run is told not to check, and the one line that says so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from leeboard.ansible.unchecked import CERTIFICATES, HOST_KEYS, counted, line, unchecked

SETTINGS = {"connection": "ssh", "host_key_checking": True, "ssh_args": "-C -o ControlMaster=auto"}


@pytest.mark.parametrize(
    ("variables", "settings", "kind"),
    [
        ({}, {}, None),
        ({"ansible_host_key_checking": False}, {}, HOST_KEYS),
        ({"ansible_ssh_host_key_checking": "no"}, {}, HOST_KEYS),
        ({"ansible_host_key_checking": False, "ansible_ssh_host_key_checking": True}, {}, None),
        ({}, {"host_key_checking": False}, HOST_KEYS),
        ({"ansible_host_key_checking": True}, {"host_key_checking": False}, None),
        ({}, {"ssh_args": "-o StrictHostKeyChecking=no"}, HOST_KEYS),
        ({"ansible_ssh_args": "-C"}, {"ssh_args": "-o StrictHostKeyChecking=no"}, None),
        ({"ansible_ssh_common_args": "-o 'StrictHostKeyChecking off'"}, {}, HOST_KEYS),
        ({"ansible_ssh_extra_args": "-oUserKnownHostsFile=/dev/null"}, {}, HOST_KEYS),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=accept-new"}, {}, None),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/etc/known"}, {}, None),
        ({"ansible_connection": "local"}, {"host_key_checking": False}, None),
        ({"ansible_connection": "ansible.builtin.ssh"}, {"host_key_checking": False}, HOST_KEYS),
        ({"ansible_connection": "winrm", "ansible_winrm_server_cert_validation": "ignore"}, {}, CERTIFICATES),
        ({"ansible_connection": "winrm", "ansible_winrm_server_cert_validation": "validate"}, {}, None),
        ({"ansible_connection": "winrm"}, {"host_key_checking": False}, None),
        ({"ansible_connection": "psrp", "ansible_psrp_cert_validation": "ignore"}, {}, CERTIFICATES),
        ({"ansible_connection": "psrp", "ansible_winrm_server_cert_validation": "ignore"}, {}, None),
    ],
)
def test_what_is_not_checked(variables: dict[str, Any], settings: dict[str, Any], kind: str | None) -> None:
    assert unchecked(variables, {**SETTINGS, **settings}) == kind


def test_the_line_names_what_and_how_many_and_is_read_back() -> None:
    both = {HOST_KEYS: 1234, CERTIFICATES: 1}
    said = line(both)
    assert said.startswith("leeboard warns: not checked are the host keys of 1,234 devices (host_key_checking is off")
    assert " and certificates of 1 device (ansible_winrm_server_cert_validation" in said and "\n" not in said
    one = line({CERTIFICATES: 2})
    assert "host keys" not in one and line({}) == line({HOST_KEYS: 0}) == ""
    # Of a run the last line has all its plays; runs of several schools are added up.
    outputs = [f"PLAY [a]\n{line({HOST_KEYS: 1})}\nPLAY [b]\n\x1b[1;35m{said}\x1b[0m\n", f"x\n{one}\n", "nothing of it"]
    assert counted(outputs) == Counter({HOST_KEYS: 1234, CERTIFICATES: 3})
