"""TMOUT as real shells get it, in a private copy of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import shell_timeout

from tests.unit.linux.folder import PASSWD, Answers, effective, folder
from tests.unit.linux.own import run

READ = (
    "for address in ('TMOUT', 'TMOUT#readonly', 'TMOUT#exported'): found[address] = effective(shell_timeout, address)\n"
)
WINDOW = shell_timeout.WINDOW


def shell(tmp_path: Path, files: dict[str, str], script: str = READ) -> dict[str, dict[str, object]]:
    clean = "import glob\nfor path in glob.glob('/etc/profile.d/*'): os.unlink(path)\n"
    return run(tmp_path, f"{clean}for name, text in {files!r}.items(): put(name, text)\n{script}", "bash", "setpriv")  # type: ignore[no-any-return]


def test_unset(tmp_path: Path) -> None:
    assert {aspect["state"] for aspect in shell(tmp_path, {}).values()} == {"absent"}


@pytest.mark.parametrize(
    ("text", "value", "readonly", "exported"),
    [
        ("TMOUT=900; readonly TMOUT; export TMOUT\n", 900, True, True),
        ("TMOUT=600\n", 600, False, False),
        ("export TMOUT=0\n", 0, False, True),
        ("TMOUT='15 minutes'\n", "15 minutes", False, False),
        ("TMOUT='a\"b$c'\n", 'a"b$c', False, False),
        ("declare -ri TMOUT=300\n", 300, True, False),
        ("TMOUT=900\nunset TMOUT\n", None, None, None),
        ("echo noise; printf 'declare -r TMOUT=\"1\"'\nTMOUT=900\n", 900, False, False),
    ],
)
def test_value_in_a_login_shell(tmp_path: Path, text: str, value: object, readonly: object, exported: object) -> None:
    found = shell(tmp_path, {"/etc/profile.d/50.sh": text})
    assert found["TMOUT"].get("value") == value
    assert found["TMOUT#readonly"].get("value") == readonly
    assert found["TMOUT#exported"].get("value") == exported
    if value is not None and value != 0:
        assert found["TMOUT"]["others"] == [{"who": WINDOW, "value": 0, "type": found["TMOUT"]["type"]}]


def test_a_name_that_debian_does_not_read_has_no_effect(tmp_path: Path) -> None:
    assert shell(tmp_path, {"/etc/profile.d/.50.sh": "TMOUT=900\n"})["TMOUT"]["state"] == "absent"


def test_bashrc_alone_reaches_both(tmp_path: Path) -> None:
    found = shell(tmp_path, {"/etc/bash.bashrc": "TMOUT=300\n"})["TMOUT"]
    assert (found["value"], found.get("others")) == (300, None)


def test_start_up_files_that_end_the_shell_are_malformed(tmp_path: Path) -> None:
    found = shell(tmp_path, {"/etc/profile.d/50.sh": "exit 0\n"})["TMOUT"]
    assert (found["state"], found["code"]) == ("unreadable", "malformed")


def test_a_shell_that_hangs_is_a_timeout(tmp_path: Path) -> None:
    def hang(argv: list[str]) -> Completed:
        raise HostError("timeout", "setpriv gave no answer within 20 s")

    host = folder(tmp_path, {"/bin/bash": ""}, Answers({"bash": hang}))
    assert effective(shell_timeout, host, "TMOUT")["code"] == "timeout"


def test_without_bash(tmp_path: Path) -> None:
    assert effective(shell_timeout, folder(tmp_path), "TMOUT")["code"] == "missing_tool"


WRITE = (
    """
found["changed"] = change(shell_timeout, "TMOUT", 900)
"""
    + READ
    + """
found["errors"] = bash("-lc", "true").stderr + bash("-ic", "true").stderr
found["undo"] = bash("-lic", "TMOUT=0; echo undone").stdout
found["dash"] = subprocess.run(["dash", "-c", ". /etc/profile; . /etc/profile; echo $TMOUT"], capture_output=True,
                               text=True, env={"PATH": "/usr/bin:/bin", "PS1": "$ "}).stdout
found["again"] = change(shell_timeout, "TMOUT", 900)
"""
)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="stock"),
        pytest.param({"/etc/profile.d/tmout.sh": "TMOUT=600; readonly TMOUT; export TMOUT\n"}, id="earlier read-only"),
        pytest.param({"/etc/profile.d/zzz.sh": "TMOUT=0\n"}, id="later file"),
        pytest.param({"/etc/profile.d/zzz.sh": "unset TMOUT\n"}, id="later unset"),
        pytest.param({"/etc/profile.d/a.sh": 'if [ "$PS1" ]; then\n  export TMOUT=0\nfi\n'}, id="only line of an if"),
        pytest.param({"/etc/profile.d/a.sh": "TMOUT=900\nreadonly TMOUT\nexport TMOUT\n"}, id="same value"),
    ],
)
def test_write(tmp_path: Path, files: dict[str, str]) -> None:
    found = shell(tmp_path, files, WRITE)
    assert found["changed"] is True
    assert (found["TMOUT"]["value"], found["TMOUT"].get("others")) == (900, None)
    assert found["TMOUT#readonly"]["value"] is True
    assert found["TMOUT#exported"]["value"] is True
    assert "TMOUT" not in str(found["errors"])
    assert "syntax error" not in str(found["errors"])
    assert "undone" not in str(found["undo"])
    assert found["dash"] == "900\n"
    assert found["again"] is False


def test_a_line_that_does_more_is_a_refusal(tmp_path: Path) -> None:
    files = {"/etc/profile.d/a.sh": "[ -t 0 ] && TMOUT=0\n"}
    script = "found['said'] = change(shell_timeout, 'TMOUT', 900)\nfound['there'] = os.listdir('/etc/profile.d')"
    found = shell(tmp_path, files, script)
    assert "a.sh, line 1 sets TMOUT together with other commands" in str(found["said"])
    assert found["there"] == ["a.sh"]


def test_other_shells(tmp_path: Path) -> None:
    shells = {1001: "/usr/bin/zsh", 1002: "/usr/bin/fish", 1003: "/usr/sbin/nologin", 999: "/bin/csh", 1004: ""}
    shells |= {1005: "/usr/bin/zsh", 60001: "/bin/tcsh"}
    people = "".join(f"u{uid}:x:{uid}:{uid}::/home/u{uid}:{shell}\n" for uid, shell in shells.items())
    found = effective(shell_timeout, folder(tmp_path, {"/etc/passwd": PASSWD + people}), "other-shells")
    assert found["value"] == ["/usr/bin/fish", "/usr/bin/zsh"]


def test_other_shells_without_passwd_is_not_an_empty_list(tmp_path: Path) -> None:
    assert effective(shell_timeout, folder(tmp_path), "other-shells")["code"] == "malformed"
