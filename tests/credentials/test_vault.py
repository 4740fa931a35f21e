"""Vaults of several schools: a secret that is missing is said of the device that needs it, and costs it alone."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.credentials.night import Folder, Night
from tests.credentials.test_docs import opener
from tests.unit.estate.folders import ROWS, add_estate, add_school
from tests.windows.wire.secrets import leaks

SECRET = "Canary-9010 of the first"
OPENERS = {"right": "Canary-9011 opens", "wrong": "Canary-9012 does not"}
# One device that needs a secret and one that needs none; nobody answers at either.
TWO = "A-1,pc-1,127.0.0.1,windows,desktop,office,,\nA-2,pc-2,127.0.0.2,linux,desktop,office,,\n"
WAY = "connection:\n  linux: {user: technician, port: 9}\n  windows:\n    user: leeboard\n    port: 9\n    vars: "
CLOSED = "takes no connection on this port"


@dataclass(frozen=True)
class Estate:
    """Schools whose secrets lie where the file's name says, and the runs over them."""

    folder: Folder
    source: Path

    def check(self, opener: str) -> Night:
        """A check with this vault password; with none for ""."""
        given = {"ANSIBLE_VAULT_PASSWORD_FILE": str(self.folder.path.parent / opener)} if opener else {}
        return self.folder.drift(self.source, **given)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """900001 has a vault, 900002 names what is not in its vault, 900003 has the secret inside school.yml."""
    for name, secret in OPENERS.items():
        (tmp_path / name).write_text(secret)
    folder = Folder(tmp_path / "la")
    add_estate(folder.path)
    for urn, variable in (("900001", "vault_windows_password"), ("900002", "vault_windows_pasword")):
        add_school(
            folder.path / urn, urn, f'vault: vault.yml\n{WAY}{{ansible_password: "{{{{ {variable} }}}}"}}\n', TWO
        )
        sealed(tmp_path, folder.path / urn / "vault.yml", f"vault_windows_password: {SECRET}\n")
    inside = vault(tmp_path, "encrypt_string", SECRET).stdout.replace("\n", "\n        ")
    add_school(folder.path / "900003", "900003", f"{WAY}\n      ansible_password: {inside}\n", TWO)
    return Estate(folder, folder.path / "estate.yml")


def vault(folder: Path, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """ansible-vault with the right password."""
    opener = ("--vault-password-file", str(folder / "right"))
    return subprocess.run(["ansible-vault", *argv, *opener], input=text, capture_output=True, text=True, check=True)


def sealed(folder: Path, file: Path, text: str) -> None:
    vault(folder, "encrypt", "--output", str(file), text=text)


NIGHT = pytest.mark.full
SHUT = "it needs a secret of {}/vault.yml: the vault of school 900001 cannot be opened ("
NOWHERE = "vault_windows_pasword is needed to sign in to it, and is nowhere"


@pytest.mark.parametrize(
    ("opener", "first", "second", "third"),
    [
        pytest.param("right", CLOSED, NOWHERE, CLOSED, marks=NIGHT),
        ("wrong", f"{SHUT}Decryption failed", "(Decryption failed", "does not open. Give this school's own"),
        pytest.param(
            "", f"{SHUT}Attempting to decrypt but no vault", "(Attempting", "no vault password was given", marks=NIGHT
        ),
    ],
)
def test_a_missing_secret_costs_the_device_that_needs_it(
    estate: Estate, opener: str, first: str, second: str, third: str
) -> None:
    night = estate.check(opener)
    said = {name: line["message"] for name, line in night.lines.items()}
    assert first.format(estate.folder.path / "900001") in said["pc-1.900001"]
    assert second in said["pc-1.900002"]
    assert third in said["pc-1.900003"]
    for urn in ("900001", "900002", "900003"):
        assert CLOSED in said[f"pc-2.{urn}"]
        assert len(said[f"pc-1.{urn}"]) < 300 or str(estate.folder.path) in said[f"pc-1.{urn}"]
    assert {line["outcome"] for line in night.lines.values()} == {"failed"}
    assert night.status == 3
    for canary in (SECRET, *OPENERS.values()):
        assert not leaks(canary, night.output, night.processes, estate.folder.path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param("exit 7", "returned non-zero (7)", marks=NIGHT),
        ("exec true", "Invalid vault password was provided from"),
    ],
)
def test_a_vault_password_that_cannot_be_had_is_the_tools_own_trouble(estate: Estate, script: str, words: str) -> None:
    opener = estate.folder.path.parent / "script"
    opener.write_text(f"#!/bin/sh\n{script}\n")
    opener.chmod(0o700)
    night = estate.check("script")
    assert night.status == 1
    assert words in night.output


def test_each_school_its_own_vault_password(estate: Estate) -> None:
    """One script for all schools, as docs/credentials.md has it. A school that it does not know costs itself alone."""
    root = estate.folder.path.parent
    (root / "vault").mkdir()
    (root / "vault" / "900001").write_text(OPENERS["right"])
    (root / "vault" / "900002").write_text("Canary-9013 of the second")
    file = estate.folder.path / "900002" / "vault.yml"
    file.write_text("vault_windows_pasword: Canary-9014\n")
    second = str(root / "vault" / "900002")
    subprocess.run(["ansible-vault", "encrypt", "--vault-password-file", second, str(file)], check=True)
    night = estate.folder.drift(estate.source, ANSIBLE_VAULT_PASSWORD_FILE=str(opener(root)))
    said = {name: line["message"] for name, line in night.lines.items() if name.startswith("pc-1")}
    assert CLOSED in said["pc-1.900001"]
    assert CLOSED in said["pc-1.900002"]
    assert "does not open. Give this school's own" in said["pc-1.900003"]


@NIGHT
def test_vault_ids(estate: Estate) -> None:
    root = estate.folder.path.parent
    script = root / "vault-client"
    script.write_text(f'#!/bin/sh\n[ "$2" = 900001 ] && exec cat "{root}/right"\necho none\n')
    script.chmod(0o700)
    ids = f"900002@{script},900001@{script}"
    night = estate.folder.drift(estate.source, ANSIBLE_VAULT_IDENTITY_LIST=ids)
    assert CLOSED in night.lines["pc-1.900001"]["message"]


def test_a_vault_that_holds_no_yaml_is_not_quoted(estate: Estate) -> None:
    sealed(estate.folder.path.parent, estate.folder.path / "900001" / "vault.yml", f"vault: '{SECRET}\n  - [\n")
    night = estate.folder.play(
        estate.source, "-vvv", ANSIBLE_VAULT_PASSWORD_FILE=str(estate.folder.path.parent / "right")
    )
    assert "the vault of school 900001 cannot be opened" in night.output
    assert not leaks(SECRET, night.output, estate.folder.path)


def test_rows_are_those_of_devices_csv() -> None:
    """The fixture's rows have as many columns as the sheet."""
    assert {row.count(",") for row in (ROWS + TWO).splitlines()} == {7}
