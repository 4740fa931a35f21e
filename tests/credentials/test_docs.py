"""The examples of docs/credentials.md are what Leeboard reads, and the script for vault passwords does what it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from leeboard.estate.settings import SchoolFile, read_school_file
from tests.credentials.realms import PATH, needed
from tests.unit.playing import ROOT

TEXT = (ROOT / "docs" / "credentials.md").read_text(encoding="utf-8")
HEAD = 'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill School\nphase: primary\n'


def blocks(kind: str) -> list[str]:
    """The examples of one language, in their order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", blocks("yaml"))
def test_an_example_is_a_school(example: str) -> None:
    found = read_school_file((HEAD + example).encode(), "school.yml")
    assert isinstance(found, SchoolFile), found


def test_there_are_examples() -> None:
    assert len(blocks("yaml")) == 4


def opener(folder: Path) -> Path:
    """The documented script, with its passwords in a folder of the test's."""
    script = folder / "vault-password"
    script.write_text(next(one for one in blocks("sh") if one.startswith("#!")).replace("/etc/leeboard", str(folder)))
    script.chmod(0o700)
    return script


def test_the_script_knows_each_school(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "900001").write_text("of the first")
    script = opener(tmp_path)
    for urn, said in (("900001", "of the first"), ("900002", "none\n"), ("", "none\n")):
        done = subprocess.run([script], env={**os.environ, "LEEBOARD_SCHOOL": urn}, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, said)


def test_krb5_conf_is_read_by_kerberos(tmp_path: Path) -> None:
    """kinit asks the domain controller that stands there, and no other."""
    needed()
    (tmp_path / "krb5.conf").write_text(blocks("ini")[0].replace("dc1.hill.example", "127.0.0.1:9"))
    given = {"PATH": PATH, "KRB5_CONFIG": str(tmp_path / "krb5.conf"), "KRB5CCNAME": f"FILE:{tmp_path}/cache"}
    done = subprocess.run(["kinit", "x@HILL.EXAMPLE"], env=given, input="x\n", capture_output=True, text=True)
    assert "Cannot contact any KDC for realm 'HILL.EXAMPLE'" in done.stderr
