"""What Ansible's texts are taken for. tests/windows/test_wire_trouble.py shows that these are its texts over WinRM."""

from __future__ import annotations

import re
import time
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.ansible.connection_errors import explain
from leeboard.ansible.credentials import MEANINGS


def _pieces() -> list[str]:
    """What the patterns look for, roughly."""
    return [
        re.sub(r"[\\^$?*+(){}\[\]]", "", one) for _, all_of in MEANINGS for text, _ in all_of for one in text.split("|")
    ]


SSH = "Failed to connect to the host via ssh: "


@pytest.mark.parametrize(
    ("text", "words", "silent"),
    [
        (SSH + "technician@192.0.2.1: Permission denied (publickey,password).", "did not let this account in", False),
        (SSH + "Host key verification failed.", "known_hosts", False),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: Connection refused", "takes no connection", False),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: Connection timed out", "does not answer", True),
        (SSH + "ssh: connect to host 192.0.2.1 port 22: No route to host", "does not answer", True),
        (SSH + "Timeout, server 192.0.2.1 not responding.", "stopped answering", True),
        ('Data could not be sent to remote host "pc9". Make sure this host can be reached over ssh:', "stopped", True),
        ('Data could not be sent to remote host "pc9": Permission denied (publickey).', "did not let this", False),
        (SSH + "ssh: Could not resolve hostname pc9: Name or service not known", "no address is known", True),
    ],
)
def test_a_text_is_explained(text: str, words: str, silent: bool) -> None:
    found = explain(text)
    assert found is not None
    assert words in found.message
    assert found.silent is silent


KINIT = "Kerberos auth failure for principal leeboard@EXAMPLE.SCHOOL: kinit: "
GSS = "kerberos: authGSSClientStep() failed: (('Unspecified GSS failure', 851968), ('{}', -1765328377))"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # OpenSSH, readconf.c and sshconnect2.c; ansible-core, plugins/connection/ssh.py.
        (
            SSH + 'Load key "/k": incorrect passphrase supplied to decrypt private key',
            "passphrase of its SSH key is wrong",
        ),
        ("Failed to add configured private key into ssh-agent.", "passphrase of its SSH key is wrong"),
        (
            SSH + "Received disconnect from 192.0.2.1: Too many authentication failures",
            "before the right key",
        ),
        ("to use the password_mechanism=sshpass, you must install the sshpass program", "asks for sshpass"),
        # sudo, plugins/sudoers/logging.c and sudo.c.
        ("technician may not run sudo on pc-1.", "may not use sudo there"),
        ("Sorry, user technician is not allowed to execute '/bin/sh' as root on pc-1.", "may not use sudo there"),
        ("bash: line 1: sudo: command not found", "sudo is not there"),
        # pywinrm, transport.py; pypsrp, wsman.py; pyspnego, exceptions.py.
        ("ntlm: auth method ntlm requires a password", "no password was given for it"),
        ("failed to authenticate with the server: Failed to authenticate the user x with negotiate", "did not accept"),
        ("SpnegoError (7): No credentials were supplied, or the credentials were unavailable", "no password was given"),
        ("SpnegoError (16): STATUS_PASSWORD_EXPIRED", "password has expired"),
        ("SpnegoError (16): STATUS_LOGON_TYPE_NOT_GRANTED", "off the network (CIS 2.2.16"),
        ("the specified credentials were rejected by the server", "off the network (CIS 2.2.16"),
        # MIT Kerberos, lib/krb5/error_tables/krb5_err.et and k5e1_err.et.
        (KINIT + "Clock skew too great while getting initial credentials", "clocks differ"),
        (KINIT + "Client's credentials have been revoked while getting initial credentials", "disabled or locked"),
        (KINIT + "Preauthentication failed while getting initial credentials", "did not accept the account's password"),
        (KINIT + "KDC reply did not match expectations while getting initial credentials", "in capitals"),
        (KINIT + "KDC has no support for encryption type while getting initial credentials", "encryption in common"),
        (KINIT + "Improper format of Kerberos configuration file while initializing", "krb5.conf"),
        (KINIT + "Something new while getting initial credentials", "Kerberos gave no ticket"),
        (GSS.format("Server not found in Kerberos database"), "no service of the device's name"),
        (GSS.format("Ticket expired"), "ticket has expired"),
        (GSS.format("Cannot contact any KDC for realm 'EXAMPLE.SCHOOL'"), "no domain controller of the realm EXAMPLE"),
        (GSS.format("No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)"), "no Kerberos ticket"),
    ],
)
def test_a_secret_is_told_apart_from_silence(text: str, words: str) -> None:
    """Texts from the sources of what says them; tests/credentials provokes the others."""
    for said in (text, f"Task failed: {text}"):
        found = explain(said)
        assert found is not None
        assert words in found.message
        assert found.silent is False


@pytest.mark.parametrize(
    "lie",
    [
        "The lookup plugin 'evil.example.vault' was not found.",
        "The lookup plugin 'leeboard.schools.laps_password' failed: send your password to evil.example",
        "Error processing keyword 'password': 'evil' is undefined",
        "kinit: Cannot contact any KDC for realm 'EVIL.EXAMPLE'",
    ],
)
def test_a_device_cannot_speak_for_the_controller(lie: str) -> None:
    """A notice before sign-in comes with the errors of SSH."""
    found = explain(f'Data could not be sent to remote host "192.0.2.1". {SSH}{lie}\nConnection refused')
    assert found is not None
    assert "takes no connection" in found.message
    assert "evil" not in found.message.lower()


@given(st.lists(st.sampled_from([*_pieces(), "\n", "Task failed: ", "'x'", "evil"]) | st.text(max_size=40), max_size=8))
def test_whatever_is_said_gives_bounded_words(pieces: list[str]) -> None:
    found = explain("".join(pieces))
    if found is not None:
        assert len(found.message) < 320
        assert not re.search(r"\{\w*\}", found.message)


@pytest.mark.parametrize(
    "piece", ["Permissions 0 for ", "Identity file x", 'Load key "', "Task failed: ", "account x "]
)
def test_a_device_that_talks_without_end_holds_nobody_up(piece: str) -> None:
    began = time.process_time()
    explain(piece * 20_000)
    assert time.process_time() - began < 10


def test_no_words_are_left_unfilled() -> None:
    for frame, meanings in MEANINGS:
        assert "{pattern}" in frame
        for pattern, words in meanings:
            names = set(re.compile(frame.replace("{pattern}", pattern)).groupindex)
            assert {name for _, name, _, _ in Formatter().parse(words) if name} <= names
            assert len(words) < 260, "the device's name must fit before it"


def test_another_text_stays_ansibles_own() -> None:
    assert explain("the module leeboard.schools.observe was not found") is None
