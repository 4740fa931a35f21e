"""What Ansible's texts are taken for. tests/windows/test_wire_trouble.py shows that these are its texts over WinRM."""

from __future__ import annotations

import pytest

from leeboard.ansible.trouble import explain

SSH = "Failed to connect to the host via ssh: "


@pytest.mark.parametrize(
    ("text", "words", "silent"),
    [
        (SSH + "technician@192.0.2.1: Permission denied (publickey,password).", "did not let this account in", False),
        (SSH + "Host key verification failed.", "known_hosts", False),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: Connection refused", "takes no connection", False),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: Connection timed out", "does not answer", True),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: No route to host", "does not answer", True),
        (SSH + "ssh: Could not resolve hostname pc9: Name or service not known", "no address is known", True),
    ],
)
def test_a_text_is_explained(text: str, words: str, silent: bool) -> None:
    found = explain(text)
    assert found is not None
    assert words in found.words
    assert found.silent is silent


def test_another_text_stays_ansibles_own() -> None:
    assert explain("the module leeboard.schools.observe was not found") is None
