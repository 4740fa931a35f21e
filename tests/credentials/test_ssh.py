"""Every way in which a secret for SSH or sudo can be wrong, at a real sshd and a real sudo: told apart, never printed.

Each case is a device of one school, and all are visited in one run, beside devices that are well.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.credentials.door import LOOPBACK, PASSWORD, PHRASE, Door
from tests.credentials.night import Folder, Night
from tests.windows.wire.secrets import leaks

VAULT_PASSWORD = "Canary-9002 opens the vault"
WRONG = "Canary-9003 is wrong"
TOLD = "Canary-9004 is told by a lookup itself"  # Ansible prints what a lookup says; evidence and reports do not
CANARIES = (PASSWORD, PHRASE, VAULT_PASSWORD, WRONG)
NO_KEY = "-o PubkeyAuthentication=no"
REFUSED = ("did not let this account in", "ansible_user")
SUDO_ASKS = ("sudo asks for a password, and none was given", "ansible_become_password")


@dataclass(frozen=True)
class Case:
    """One device: its account, and words of its message; none where it is well."""

    user: str
    words: tuple[str, ...] = ()
    key: str | None = "key"
    ssh: str = ""
    variables: dict[str, Any] = field(default_factory=dict)


def by_password(secret: str, **variables: Any) -> dict[str, Any]:
    return {"key": None, "ssh": NO_KEY, "variables": {"ansible_password": secret, **variables}}


def by_sudo(secret: str, **variables: Any) -> dict[str, Any]:
    return {"variables": {"ansible_become_password": secret, **variables}}


RIGHT, OTHER = "{{ vault_right }}", "{{ vault_wrong }}"
NOTHING = "{{ lookup('ansible.builtin.env', 'LEEBOARD_IS_NOT_SET') }}"
CASES = {
    "well": Case("lb-free"),
    "well-by-password": Case("lb-free", **by_password(RIGHT)),
    "well-by-sudo-password": Case("lb-asked", **by_sudo(RIGHT)),
    "well-by-agent": Case("lb-free", key=None, ssh="-o IdentityAgent={agent}"),
    "wrong-key": Case("lb-free", REFUSED, key="stranger"),
    "no-secret": Case("lb-free", REFUSED, key=None, ssh=NO_KEY),
    "wrong-password": Case("lb-free", REFUSED, **by_password(OTHER)),
    "password-is-empty": Case("lb-free", (*REFUSED, "none was given"), **by_password(NOTHING)),
    "key-with-passphrase": Case("lb-free", (*REFUSED, "a key with a passphrase must be in the agent"), key="locked"),
    "key-is-missing": Case("lb-free", ("the file of the SSH key", "is not there"), key="nowhere"),
    "key-is-open": Case("lb-free", ("a key file that others may read", "chmod 600"), key="open"),
    "key-is-none": Case("lb-free", ("holds no private key",), key="text"),
    "account-ended": Case("lb-ended", ("its account has expired there",)),
    "account-ended-by-password": Case("lb-ended", ("its account has expired there",), **by_password(RIGHT)),
    "password-inactive": Case("lb-old", ("has expired there", "its password did so too long ago")),
    "password-expired": Case("lb-stale", ("the account's password has expired there", "sign-in by key as well")),
    "password-expired-by-password": Case(
        "lb-stale", ("the account's password has expired there",), **by_password(RIGHT)
    ),
    "no-shell": Case("lb-shell", ("its account has no shell there",)),
    "host-key-unknown": Case("lb-free", ("SSH host key", "none is known"), ssh="-o UserKnownHostsFile=/dev/null"),
    "host-key-changed": Case("lb-free", ("SSH host key is not the known one",), ssh="-o UserKnownHostsFile={changed}"),
    "host-key-unknown-by-password": Case(
        "lb-free",
        ("SSH host key", "none is known"),
        **{**by_password(RIGHT), "ssh": f"{NO_KEY} -o UserKnownHostsFile=/dev/null"},
    ),
    "sudo-wrong": Case("lb-asked", ("sudo did not accept the password",), **by_sudo(OTHER)),
    "sudo-wrong-once": Case("lb-once", ("sudo did not accept the password",), **by_sudo(OTHER)),
    "sudo-missing": Case("lb-asked", SUDO_ASKS),
    "sudo-empty": Case("lb-asked", SUDO_ASKS, **by_sudo(NOTHING)),
    "sudo-not-allowed": Case("lb-plain", ("may not use sudo there",), **by_sudo(RIGHT)),
    "sudo-not-allowed-unasked": Case("lb-plain", (*SUDO_ASKS, "does not know at all looks the same")),
    "sudo-wants-terminal": Case("lb-tty", ("sudo there wants a terminal", "requiretty")),
    "sudo-hangs": Case(
        "lb-slow",
        ("it let the account in, and sudo gave no answer in time",),
        **by_sudo(RIGHT, ansible_become_exe="/run/slow-sudo", ansible_timeout=3),
    ),
    "sudo-is-missing": Case("lb-free", ("sudo is not there",), variables={"ansible_become_exe": "/run/nowhere/sudo"}),
    "variable-missing": Case("lb-free", ("vault_nowhere is needed",), **by_password("{{ vault_nowhere }}")),
    "sudo-variable-missing": Case("lb-free", ("vault_nowhere is needed",), **by_sudo("{{ vault_nowhere }}")),
    "passphrase-variable-missing": Case(
        "lb-free",
        ("vault_nowhere is needed",),
        key="locked",
        variables={"ansible_ssh_private_key_passphrase": "{{ vault_nowhere }}"},
    ),
    "lookup-not-installed": Case(
        "lb-free",
        ("the lookup example.vaults.password, which is not installed", "ansible-galaxy collection install"),
        **by_password("{{ lookup('example.vaults.password', 'x') }}"),
    ),
    "lookup-fails": Case(
        "lb-free",
        ("the lookup ansible.builtin.file, which failed", "-v"),
        **by_password("{{ lookup('ansible.builtin.file', '/nowhere/" + TOLD + "') }}"),
    ),
    "lookup-fails-loudly": Case(
        "lb-free",
        ("the lookup ansible.builtin.pipe, which failed",),
        **by_password("{{ lookup('ansible.builtin.pipe', 'exit 3') }}"),
    ),
}
WELL = [name for name, case in CASES.items() if not case.words]
BROKEN = [name for name, case in CASES.items() if case.words]


@dataclass(frozen=True)
class School:
    """The folder of the runs, its inventory, and the first run."""

    folder: Folder
    source: Path
    night: Night
    environment: dict[str, str]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """One check over all cases."""
    root = tmp_path_factory.mktemp("credentials")
    root.chmod(0o755)
    door = Door(root / "door")
    try:
        folder = Folder(root / "school")
        source = folder.hosts(_devices(door), **_shared(door))
        environment = _vault(folder, root)
        files = ("--page", str(folder.path / "page.html"), "--news", str(folder.path / "news.txt"))
        yield School(folder, source, folder.drift(source, *files, **environment), environment)
    finally:
        door.close()


def _shared(door: Door) -> dict[str, Any]:
    return {
        "ansible_connection": "ssh",
        "ansible_host": LOOPBACK,
        "ansible_port": door.port,
        "ansible_become": True,
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _devices(door: Door) -> dict[str, dict[str, Any]]:
    folder = door.folder
    (folder / "text").write_text("no key at all\n")
    (folder / "text").chmod(0o600)
    shutil.copy(door.key, folder / "open")
    (folder / "open").chmod(0o644)
    changed = folder / "changed"
    changed.write_text(f"[{LOOPBACK}]:{door.port} {door.stranger.with_suffix('.pub').read_text()}")
    shared = "-F none -o GlobalKnownHostsFile=/dev/null -o ControlPath=none -o IdentityAgent=none"
    found: dict[str, dict[str, Any]] = {}
    for number, (name, case) in enumerate(CASES.items()):
        # What is well is the same machine, which one school has only once.
        own = {"leeboard_urn": f"{900010 + number}"} if name in WELL else {}
        ssh = f"{case.ssh} {shared} -o UserKnownHostsFile={door.known_hosts}".format(changed=changed, agent=door.agent)
        found[name] = {"ansible_user": case.user, "ansible_ssh_common_args": ssh, **own, **case.variables}
        if case.key:
            found[name]["ansible_ssh_private_key_file"] = str(folder / case.key)
    return found


def _vault(folder: Folder, root: Path) -> dict[str, str]:
    """The secrets in a vault beside the inventory, and what opens it."""
    opener = root / "vault-password"
    opener.write_text(VAULT_PASSWORD)
    vault = folder.path / "group_vars" / "all.yml"
    vault.parent.mkdir()
    secrets = json.dumps({"vault_right": PASSWORD, "vault_wrong": WRONG})
    sealed = subprocess.run(
        ["ansible-vault", "encrypt", "--vault-password-file", str(opener), "--output", str(vault)],
        input=secrets,
        text=True,
        capture_output=True,
    )
    assert sealed.returncode == 0, sealed.stderr
    return {"ANSIBLE_VAULT_PASSWORD_FILE": str(opener)}


@pytest.mark.parametrize("name", BROKEN)
def test_each_is_told_apart(school: School, name: str) -> None:
    assert name in school.night.lines, school.night.output[-3000:]
    line, case = school.night.lines[name], CASES[name]
    assert line["outcome"] == "failed", f"silence is for who may be off: {line['message']}"
    for words in case.words:
        assert words in line["message"]
    assert len(line["message"]) < 300, "nothing was cut off"


@pytest.mark.parametrize("name", WELL)
def test_the_right_secret_opens(school: School, name: str) -> None:
    line = school.night.lines[name]
    assert line["outcome"] == "observed", line["message"]


@pytest.mark.parametrize("name", BROKEN)
def test_the_report_says_it(school: School, name: str) -> None:
    assert school.night.lines[name]["message"] in unescape((school.folder.path / "page.html").read_text())


def test_a_broken_secret_costs_its_own_device(school: School) -> None:
    assert set(school.night.lines) == set(CASES)
    assert school.night.status == 3


def test_no_secret_is_left_behind(school: School) -> None:
    """Not on a screen, in evidence, database, page, news or log, and not in the process list meanwhile."""
    assert "ssh" in school.night.processes, "somebody looked"
    for canary in CANARIES:
        assert not leaks(canary, school.night.output, school.night.processes, school.folder.path)


def test_verbose_shows_all_that_ansible_printed(school: School) -> None:
    assert all(f"fatal: [{name}]" in school.night.output for name in BROKEN)
    assert "\x1b" not in school.night.output


def test_what_a_lookup_says_is_in_no_report(school: School) -> None:
    assert TOLD in school.night.output
    assert not leaks(TOLD, school.folder.path / "var", school.folder.path / "page.html")


@pytest.mark.parametrize("format", ["json", *(pytest.param(one, marks=pytest.mark.full) for one in ("csv", "junit"))])
def test_no_secret_is_in_an_export(school: School, format: str) -> None:
    night = school.folder.drift(school.source, "--format", format, "--school", "900010", **school.environment)
    assert "well" in night.output
    for canary in CANARIES:
        assert not leaks(canary, night.output, night.processes, school.folder.path)


def test_no_secret_is_printed_where_everything_is(school: School) -> None:
    """Someone who looks for the cause of a trouble asks Ansible for all it can say."""
    night = school.folder.play(school.source, "-vvvvvv", **school.environment)
    assert set(night.lines) == set(CASES)
    assert "SSH: EXEC" in night.output, "it did say more"
    for canary in CANARIES:
        assert not leaks(canary, night.output, night.processes, school.folder.path)


def test_the_watch_sees_a_secret(tmp_path: Path) -> None:
    """Or nothing above would prove anything."""
    night = Folder(tmp_path / "some").run("sh", "-c", f"sleep 1; : '{WRONG}'")
    assert leaks(WRONG, night.processes)
