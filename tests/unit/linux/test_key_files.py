"""The key files of encrypted volumes: found loose, and given to root where nobody else could lead the change astray."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change as changing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import key_files
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.root_only_path import guarded
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import effective, folder

TABLE = "a UUID=1 /etc/keys/a.key luks\nb UUID=2 /etc/keys/b.key luks\n"
CLOSE = [{"address": "open-to-others", "value": []}]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to others")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = folder(tmp_path, {"/etc/crypttab": TABLE, "/etc/keys/a.key": "first", "/etc/keys/b.key": "second"})
    (tmp_path / "etc/keys/a.key").chmod(0o644)
    (tmp_path / "etc/keys/b.key").chmod(0o440)
    return made


def loose(host: Host) -> Any:
    host.forget()
    return effective(key_files, host, "open-to-others")["value"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_which_key_files_are_open_to_others(tmp_path: Path) -> None:
    files = {
        "/etc/crypttab": (
            "a UUID=1 /etc/a.key\nb UUID=2 /etc/b.key\nc UUID=3 /dev/urandom swap\nd UUID=4 none\n"
            "e UUID=5 /etc/e.key:LABEL=STICK\nf UUID=6 /etc/f.key luks,keyscript=/root/own.sh\n"
            "g UUID=7 /etc/g.key luks,keyscript=/bin/cat\nh UUID=8 /gone.key\n"
        ),
        **{f"/etc/{name}.key": "k" for name in "abefg"},
        "/etc/cryptsetup-keys.d/d.key": "k",
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "/etc/group": "root:x:0:\n",
    }
    host = folder(tmp_path, files)
    (tmp_path / "etc/a.key").chmod(0o400)
    (tmp_path / "etc/b.key").chmod(0o640)
    for name in ("e", "f", "g"):
        (tmp_path / f"etc/{name}.key").chmod(0o644)
    (tmp_path / "etc/cryptsetup-keys.d/d.key").chmod(0o644)
    # The key on the stick is no file of this machine, and what the school's own script makes of one is not known.
    assert loose(host) == [
        "/etc/b.key root:root 0640",
        "/etc/cryptsetup-keys.d/d.key root:root 0644",
        "/etc/g.key root:root 0644",
    ]


@needs_root
def test_they_become_roots_alone_and_stay_so_after_an_undo(host: Host, tmp_path: Path) -> None:
    os.chown(tmp_path / "etc/keys/a.key", 1000, 1000)
    done = apply(key_files, host, CLOSE, "run")
    assert done["after"]["open-to-others"]["effective"]["value"] == [] == loose(host)
    assert [mode(tmp_path / f"etc/keys/{name}.key") for name in "ab"] == [0o600, 0o400]
    assert (tmp_path / "etc/keys/a.key").stat().st_uid == 0
    assert [one["before"] for one in done["diff"]] == [
        "# mode 0644, owner 1000:1000\n",
        "# mode 0440, owner 0:0\n",
    ]
    left = undo(host, "run", "undo")
    assert not left["changed"] and {one["target"] for one in left["left"]} == {"/etc/keys/a.key", "/etc/keys/b.key"}
    assert "never undone" in left["left"][0]["why"]


def test_no_byte_of_a_key_is_in_the_journal_or_the_diff(host: Host, tmp_path: Path) -> None:
    done = apply(key_files, host, CLOSE, "run")
    said = (tmp_path / done["journal"].lstrip("/")).read_text() + str(done)
    assert "first" not in said and "second" not in said and "Zmlyc3Q" not in said


def test_a_file_that_nobody_can_read_becomes_roots_to_read(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc/keys/a.key").chmod(0o007)
    apply(key_files, host, CLOSE, "run")
    assert mode(tmp_path / "etc/keys/a.key") == 0o400


@pytest.mark.parametrize("shut", ["etc", "etc/keys"])
def test_a_folder_that_others_may_write_to_is_a_refusal(host: Host, tmp_path: Path, shut: str) -> None:
    (tmp_path / shut).chmod(0o777)
    with pytest.raises(ChangeRefused, match=rf"others than root may change the folder /{shut}, and could put another"):
        apply(key_files, host, CLOSE, "run")
    assert [mode(tmp_path / f"etc/keys/{name}.key") for name in "ab"] == [0o644, 0o440]


@needs_root
def test_a_folder_of_somebody_else_is_a_refusal(host: Host, tmp_path: Path) -> None:
    os.chown(tmp_path / "etc/keys", 1000, 0)
    with pytest.raises(ChangeRefused, match="others than root may change the folder /etc/keys"):
        apply(key_files, host, CLOSE, "run")


def linked(tmp_path: Path, name: str, leads: str, open_folder: str = "") -> Host:
    """A machine whose crypttab names a link `name`, with the key itself at /srv/keys/k."""
    host = folder(tmp_path, {"/etc/crypttab": f"a UUID=1 {name} luks\n", "/srv/keys/k": "k"})
    (tmp_path / "srv/keys/k").chmod(0o644)
    link = tmp_path / name.lstrip("/")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(leads)
    if open_folder:
        (tmp_path / open_folder).chmod(0o1777)
    return host


@pytest.mark.parametrize(
    ("name", "leads", "open_folder", "refused"),
    [
        ("/etc/k", "../srv/keys/k", "", False),
        ("/etc/k", "../srv/keys/k", "srv/keys", True),
        ("/srv/share/k", "../keys/k", "srv/share", True),  # a sticky folder like /tmp does not help
        ("/etc/k", "../srv/share/../keys/k", "srv/share", False),  # nothing in the open folder is asked
    ],
)
def test_a_link_is_followed_where_nobody_else_could_turn_it(
    tmp_path: Path, name: str, leads: str, open_folder: str, refused: bool
) -> None:
    (tmp_path / "srv/share").mkdir(parents=True)
    host = linked(tmp_path, name, leads, open_folder)
    assert len(loose(host)) == 1
    if refused:
        with pytest.raises(ChangeRefused, match=f"others than root may change the folder /{open_folder}"):
            apply(key_files, host, CLOSE, "run")
    else:
        apply(key_files, host, CLOSE, "run")
    assert mode(tmp_path / "srv/keys/k") == (0o644 if refused else 0o600)
    assert (tmp_path / name.lstrip("/")).is_symlink()


def test_a_link_through_a_link_in_an_open_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "srv/share").mkdir(parents=True)
    (tmp_path / "srv/share/here").symlink_to("../keys")
    host = linked(tmp_path, "/etc/k", "../srv/share/here/k", "srv/share")
    with pytest.raises(ChangeRefused, match="/srv/share"):
        apply(key_files, host, CLOSE, "run")
    assert mode(tmp_path / "srv/keys/k") == 0o644


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/x").symlink_to("y")
    (tmp_path / "etc/y").symlink_to("x")
    with pytest.raises(ChangeRefused, match="more than 40 links"):
        guarded(folder(tmp_path), "/etc/x", "look at it")


def test_what_can_be_closed_is_closed_and_the_rest_is_said_by_the_next_round(tmp_path: Path) -> None:
    table = TABLE + "c UUID=3 /srv/c.key luks\n"
    host = folder(tmp_path, {"/etc/crypttab": table, "/etc/keys/a.key": "k", "/srv/c.key": "k"})
    for name in ("etc/keys/a.key", "srv/c.key"):
        (tmp_path / name).chmod(0o644)
    (tmp_path / "srv").chmod(0o777)
    apply(key_files, host, CLOSE, "run")
    assert [mode(tmp_path / name) for name in ("etc/keys/a.key", "srv/c.key")] == [0o600, 0o644]
    host.forget()
    with pytest.raises(ChangeRefused, match=r"/srv/c\.key: others than root may change the folder /srv"):
        apply(key_files, host, CLOSE, "run")


def test_a_file_that_is_exchanged_at_this_moment_is_left_alone(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the change root himself puts a link there, or another file."""
    real = changing.write

    def exchanged(given: Host, edit: Any) -> None:
        path = tmp_path / edit.path.lstrip("/")
        path.unlink()
        path.symlink_to(tmp_path / "etc/crypttab")
        real(given, edit)

    monkeypatch.setattr(changing, "write", exchanged)
    before = mode(tmp_path / "etc/crypttab")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        apply(key_files, host, CLOSE, "run")
    assert mode(tmp_path / "etc/crypttab") == before


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(1, 20))
def test_killed_at_any_step_the_next_run_ends_it(at: int, host: Host, tmp_path: Path) -> None:
    count = 0

    def dying(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Killed
            return real(*given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("makedirs", "fsync", "fchmod", "fchown"):
            patch.setattr(os, name, dying(getattr(os, name)))
        died = False
        try:
            apply(key_files, host, CLOSE, "killed")
        except Killed:
            died = True
    assert died == (count >= at)
    assert {mode(tmp_path / f"etc/keys/{name}.key") for name in "ab"} <= {0o644, 0o440, 0o600, 0o400}
    host.forget()
    apply(key_files, host, CLOSE, "again")
    assert loose(host) == []
    assert [(tmp_path / f"etc/keys/{name}.key").read_text() for name in "ab"] == ["first", "second"]


@pytest.mark.parametrize(("address", "value"), [("open-to-others", ["/etc/keys/a.key"]), ("key-files", [])])
def test_what_cannot_be_written(host: Host, address: str, value: Any) -> None:
    with pytest.raises(ChangeRefused, match=r"the only value|no address"):
        key_files.dry_run(host, [{"address": address, "value": value}])
