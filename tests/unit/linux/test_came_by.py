"""How whoever changes a device came there: through sudo, over a jump host, from a console, and by which method."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import (
    CameBy,
    SignIn,
    came_by,
    parse,
    sign_in,
)

from tests.unit.linux.folder import Answers, folder

OURS = CameBy("192.0.2.7", 50122, "192.0.2.20", 22)
# python, sh, sudo's monitor, sudo, and the shell that sshd started; only the last two have what sshd gave.
PROCESSES = {
    "/proc/self/status": "Name:\tpython3\nPid:\t90\nPPid:\t80\n",
    "/proc/self/environ": "PATH=/bin\0",
    "/proc/80/status": "Name:\tsh\nPPid:\t70\n",
    "/proc/80/environ": "SUDO_USER=ada\0PATH=/bin\0",
    "/proc/70/status": "Name:\tsudo\nPPid:\t60\n",
    "/proc/70/environ": "LANG=C\0XSSH_CONNECTION=198.51.100.1 1 198.51.100.2 2\0",
    "/proc/60/status": "Name:\tsh\nPPid:\t1\n",
    "/proc/60/environ": "USER=ada\0SSH_CONNECTION=192.0.2.7 50122 192.0.2.20 22\0",
}


def test_a_module_under_sudo_finds_its_connection(tmp_path: Path) -> None:
    assert came_by(folder(tmp_path, PROCESSES)) == OURS


@pytest.mark.parametrize("gone", ["/proc/60/environ", "/proc/70/status", "/proc/self/status"])
def test_where_no_process_above_has_one_there_is_none(tmp_path: Path, gone: str) -> None:
    assert came_by(folder(tmp_path, {name: text for name, text in PROCESSES.items() if name != gone})) is None


def test_a_shell_that_became_the_module_left_it_its_connection(tmp_path: Path) -> None:
    # `ssh root@device python3 -`, tried with bash, which starts the last command in its own place.
    own = {"/proc/self/environ": "SSH_CONNECTION=192.0.2.7 50122 192.0.2.20 22\0", "/proc/self/status": "PPid:\t1\n"}
    assert came_by(folder(tmp_path, own)) == OURS


def test_a_console_has_none(tmp_path: Path) -> None:
    assert came_by(folder(tmp_path, {**PROCESSES, "/proc/60/environ": "USER=ada\0TERM=linux\0"})) is None


def test_processes_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    circle = {"/proc/60/status": "PPid:\t70\n", "/proc/60/environ": "", "/proc/70/environ": ""}
    assert came_by(folder(tmp_path, {**PROCESSES, **circle})) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2001:db8::7 50122 2001:db8::20 2222", CameBy("2001:db8::7", 50122, "2001:db8::20", 2222)),
        ("fe80::1%eth0 1 fe80::2%eth0 22", CameBy("fe80::1%eth0", 1, "fe80::2%eth0", 22)),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("192.0.2.7 50122 192.0.2.20", None),
        ("192.0.2.7 x 192.0.2.20 22", None),
        ("", None),
    ],
)
def test_what_ssh_connection_may_hold(text: str, found: CameBy | None) -> None:
    assert parse(text) == found


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (
            "Accepted password for eve from 192.0.2.7 port 50122 ssh2\n"
            "Accepted publickey for ada from 192.0.2.7 port 50122 ssh2: ED25519 SHA256:abc\n",
            SignIn("ada", "publickey", "ED25519"),
        ),
        (
            "Accepted keyboard-interactive/pam for ada from 192.0.2.7 port 50122 ssh2\n",
            SignIn("ada", "keyboard-interactive/pam", ""),
        ),
        ("Accepted publickey for ada from 192.0.2.8 port 50122 ssh2: RSA SHA256:abc\n", None),
        ("", None),
    ],
)
def test_the_method_is_what_sshd_wrote_of_this_very_connection(tmp_path: Path, log: str, found: SignIn | None) -> None:
    answers = Answers({"journalctl": Completed(0, log, "")})
    assert sign_in(folder(tmp_path, {}, answers), OURS) == found
    assert "_UID=0" in answers.asked[0], "logger -t sshd needs no rights"


def test_without_a_journal_the_method_is_not_known(tmp_path: Path) -> None:
    assert sign_in(folder(tmp_path), OURS) is None
