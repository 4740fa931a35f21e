"""Passwords saved in Remmina: counted, taken out, never read out. The profiles are as Remmina 1.4 writes them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import WithheldEdit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.home_file import replace
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import remmina
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import PASSWD, folder

PROFILE = "[remmina]\nname=office\nprotocol=RDP\nserver=192.0.2.1\nusername=ada\npassword={}\nssh_tunnel_password=\n"
HOME = "/home/ada/.local/share/remmina"


def saved(tmp_path: Path, files: dict[str, str | None]) -> object:
    host = folder(tmp_path, {"/etc/passwd": PASSWD, "/home/ada/x": "", **files})
    if os.geteuid() == 0:
        for path in (tmp_path / "home/ada", *(tmp_path / "home/ada").rglob("*")):
            os.chown(path, 1000, 1000, follow_symlinks=False)
    found = remmina.observe(host, ["saved-passwords"])["saved-passwords"]["effective"]
    assert "hunter2" not in str(found)
    return found.get("value", found.get("code"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({f"{HOME}/a.remmina": PROFILE.format("")}, []),
        ({f"{HOME}/a.remmina": PROFILE.format("hunter2==")}, ["ada: 1 in files of Remmina, 0 in the keyring"]),
        ({f"{HOME}/a.remmina": PROFILE.format("$argon2id$hunter2")}, ["ada: 1 in files of Remmina, 0 in the keyring"]),
        ({f"{HOME}/a.remmina": PROFILE.format(".")}, ["ada: 0 in files of Remmina, 1 in the keyring"]),
        (
            {
                f"{HOME}/a.remmina": PROFILE.format("") + "gateway_password = hunter2\n",
                "/home/ada/.var/app/org.remmina.Remmina/data/remmina/b.remmina": PROFILE.format("."),
                "/home/ada/.remmina/c.remmina": PROFILE.format("hunter2"),
                f"{HOME}/d.txt": PROFILE.format("hunter2"),
            },
            ["ada: 2 in files of Remmina, 1 in the keyring"],
        ),
        ({f"{HOME}/a.remmina": None}, "malformed"),  # a link out of the home is not followed
    ],
)
def test_saved_passwords_are_counted(tmp_path: Path, files: dict[str, str | None], expected: object) -> None:
    assert saved(tmp_path, files) == expected


PATH = f"{HOME}/a.remmina"
TAKEN_OUT = [{"address": "saved-passwords", "value": []}]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")


def ada(tmp_path: Path, text: str, mode: int = 0o600) -> Host:
    """A machine on which ada has one profile."""
    host = folder(tmp_path, {"/etc/passwd": PASSWD, PATH: text})
    for path in (tmp_path / "home/ada", *(tmp_path / "home/ada").rglob("*")):
        os.chown(path, 1000, 1000)
    (tmp_path / PATH[1:]).chmod(mode)
    return host


@needs_root
@pytest.mark.parametrize(
    ("text", "after"),
    [
        (PROFILE.format("hunter2=="), PROFILE.format("")),
        (PROFILE.format("."), PROFILE.format("")),
        (
            "[remmina]\r\npassword = hunter2 \r\nname=b\r\ngateway_password=hunter2",
            "[remmina]\r\npassword =\r\nname=b\r\ngateway_password=",
        ),
        ("[remmina]\nssh_passphrase=hunter2\nnote=\xff\n", "[remmina]\nssh_passphrase=\nnote=\xff\n"),
    ],
    ids=["in the file", "in the keyring", "ends of lines", "a passphrase"],
)
def test_only_the_passwords_go_and_nothing_remembers_them(tmp_path: Path, text: str, after: str) -> None:
    host = ada(tmp_path, text, 0o640)
    there = tmp_path / PATH[1:]
    checked = apply(remmina, host, TAKEN_OUT, "run", check=True)
    assert there.read_bytes() == text.encode() and not (tmp_path / "var").exists()
    host.forget()
    outcome = apply(remmina, host, TAKEN_OUT, "run")
    assert there.read_bytes() == after.encode()
    status = there.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o640, 1000, 1000)
    assert os.listdir(there.parent) == ["a.remmina"]
    assert checked["diff"] == outcome["diff"]
    journal = (tmp_path / "var/lib/leeboard/journal/run.jsonl").read_text()
    assert json.loads(journal)["withheld"] == [PATH] and json.loads(journal)["files"] == []
    for left in (journal, json.dumps(outcome), json.dumps(checked)):
        assert "hunter2" not in left and "aHVudGVyMg" not in left, "nor in base64"
    assert outcome["after"]["saved-passwords"]["effective"]["value"] == []
    assert apply(remmina, host, TAKEN_OUT, "again")["changed"] is False


@needs_root
def test_an_undo_says_that_no_password_comes_back(tmp_path: Path) -> None:
    host = ada(tmp_path, PROFILE.format("hunter2"))
    apply(remmina, host, TAKEN_OUT, "run")
    done = undo(host, "run", "undo")
    assert (done["changed"], done["put_back"]) == (False, [])
    assert [(one["target"], one["why"]) for one in done["left"]] == [
        (PATH, "a saved password was taken out of it, which no journal keeps; whoever needs it types it once more")
    ]


@needs_root
def test_what_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    host = ada(tmp_path, PROFILE.format("hunter2"))
    (tmp_path / HOME[1:] / ".a.remmina.leeboard").write_text("half a pro")
    apply(remmina, host, TAKEN_OUT, "run")
    assert os.listdir(tmp_path / HOME[1:]) == ["a.remmina"]
    assert (tmp_path / PATH[1:]).read_text() == PROFILE.format("")


def put_a_link(tmp_path: Path) -> None:
    (tmp_path / PATH[1:]).unlink()
    (tmp_path / PATH[1:]).symlink_to(tmp_path / "etc/secret")


def put_a_folder_link(tmp_path: Path) -> None:
    folder_there = (tmp_path / PATH[1:]).parent
    folder_there.rename(tmp_path / "elsewhere")
    folder_there.symlink_to(tmp_path / "elsewhere")


def write_meanwhile(tmp_path: Path) -> None:
    (tmp_path / PATH[1:]).write_text(PROFILE.format("hunter3"))


def give_to_root(tmp_path: Path) -> None:
    os.chown(tmp_path / PATH[1:], 0, 0)


def give_the_folder_away(tmp_path: Path) -> None:
    os.chown((tmp_path / PATH[1:]).parent, 1001, 1001)


def link_twice(tmp_path: Path) -> None:
    os.link(tmp_path / PATH[1:], tmp_path / "second-name")


def take_away(tmp_path: Path) -> None:
    (tmp_path / PATH[1:]).unlink()


@needs_root
@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (put_a_link, "is a link, or not there any more"),
        (put_a_folder_link, "remmina is no folder of that home"),
        (write_meanwhile, "was changed by somebody else at this moment"),
        (give_to_root, "is no plain file of that person's own"),
        (give_the_folder_away, "its folder belongs to somebody else"),
        (link_twice, "is no plain file of that person's own"),
        (take_away, "is a link, or not there any more"),
    ],
)
def test_what_somebody_does_in_the_home_meanwhile_leads_nowhere(
    tmp_path: Path, meanwhile: Callable[[Path], None], words: str
) -> None:
    text = PROFILE.format("hunter2").encode()
    ada(tmp_path, text.decode())
    host = folder(tmp_path, {"/etc/secret": text.decode()})
    edit = WithheldEdit(PATH, "/home/ada", 1000, text, PROFILE.format("").encode(), "1 saved password")
    meanwhile(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ChangeRefused, match=words):
        replace(host, edit)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_none_can_be_put_in(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/passwd": PASSWD})
    for wanted in (1, ["ada: 1 in files of Remmina, 0 in the keyring"], None):
        with pytest.raises(ChangeRefused, match="saved passwords are taken out, all of them"):
            apply(remmina, host, [{"address": "saved-passwords", "value": wanted}], "run")
