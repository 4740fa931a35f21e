"""Keys and configurations of VPNs are closed: with real owners, modes and access lists, so these tests need root."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import access_attribute
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change as changing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import access_list
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.secrets import driver as secrets_driver

from tests.unit.linux.folder import PASSWD, folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")
OPEN = "open-to-others"
CLOSE = [{"address": OPEN, "value": []}]
ACCOUNTS = PASSWD + "openvpn:x:110:115::/nonexistent:/usr/sbin/nologin\n"
GROUPS = "root:x:0:\nsystemd-network:x:998:\nstaff:x:50:\nopenvpn:x:115:\nssl-cert:x:104:\n"
WG = "/etc/wireguard/wg0.conf"
KEY = "[Interface]\nPrivateKey = hunter2\n"
NM = "/etc/NetworkManager/system-connections/x.nmconnection"
NETDEV = "/etc/systemd/network/wg0.netdev"
SWANCTL = "/etc/swanctl/swanctl.conf"
FILES = {
    WG: KEY,
    NM: "[connection]\nid=x\n",
    NETDEV: "[WireGuard]\nPrivateKey=hunter2\n",
    SWANCTL: "connections { }\n",
    "/etc/openvpn/client/school.conf": "remote x\nkey school.key\n",
    "/etc/openvpn/client/school.key": "hunter2\n",
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = folder(tmp_path, {"/etc/passwd": ACCOUNTS, "/etc/group": GROUPS, **FILES})
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o600)
    (tmp_path / "etc/wireguard").chmod(0o700)
    return made


def put(host: Host, path: str, mode: int, uid: int = 0, gid: int = 0) -> None:
    os.chown(host.path(path), uid, gid)
    os.chmod(host.path(path), mode)


def state(host: Host, path: str) -> tuple[int, int, int]:
    status = os.stat(host.path(path))
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def opened(host: Host) -> list[str]:
    host.forget()
    found: list[str] = secrets_driver.observe(host, [OPEN])[OPEN]["effective"]["value"]
    return found


def setfacl(host: Host, path: str, *words: str) -> None:
    if not shutil.which("setfacl"):
        pytest.skip("setfacl is not installed on this machine")
    done = subprocess.run(["setfacl", *words, host.path(path)], capture_output=True, text=True, timeout=60)
    if "not supported" in done.stderr:
        pytest.skip("this file system keeps no access lists")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("path", "given", "left"),
    [
        (NM, (0o644, 0, 0), (0o600, 0, 0)),
        (NM, (0o600, 1000, 1000), (0o600, 0, 0)),
        (NM, (0o444, 0, 50), (0o400, 0, 0)),
        (NETDEV, (0o644, 0, 0), (0o640, 0, 998)),  # networkd reads it by its group, or the tunnel would be gone
        (NETDEV, (0o660, 0, 998), (0o640, 0, 998)),
        (SWANCTL, (0o664, 0, 50), (0o644, 0, 50)),
        (SWANCTL, (0o644, 1000, 0), (0o644, 0, 0)),
        (SWANCTL, (0o646, 0, 0), (0o644, 0, 0)),
        ("/etc/openvpn/client/school.key", (0o640, 0, 50), (0o600, 0, 0)),
        ("/etc/openvpn/client/school.conf", (0o666, 0, 0), (0o644, 0, 0)),
        ("/etc/wireguard", (0o755, 0, 0), (0o700, 0, 0)),
        ("/etc/wireguard", (0o777, 0, 0), (0o700, 0, 0)),
        ("/etc/wireguard", (0o500, 1000, 0), (0o500, 0, 0)),
        ("/etc/openvpn/client", (0o777, 0, 0), (0o755, 0, 0)),
    ],
)
def test_one_place_is_closed_and_undone(
    host: Host, path: str, given: tuple[int, int, int], left: tuple[int, int, int]
) -> None:
    content = {one: Path(host.path(one)).read_text() for one in FILES}
    put(host, path, *given)
    found = opened(host)
    assert found
    checked = apply(secrets_driver, host, CLOSE, "run", check=True)
    assert (checked["changed"], state(host, path)) == (True, given)
    done = apply(secrets_driver, host, CLOSE, "run")
    assert (done["diff"], state(host, path)) == (checked["diff"], left)
    assert (opened(host), "warnings" in done) == ([], False)
    assert apply(secrets_driver, host, CLOSE, "again")["changed"] is False
    assert {one: Path(host.path(one)).read_text() for one in FILES} == content
    assert "hunter2" not in Path(host.path(done["journal"])).read_text() + str(done)
    outcome = undo(host, "run", "undone")
    assert ([one["target"] for one in outcome["put_back"]], state(host, path)) == ([path], given)
    assert opened(host) == found


def test_an_access_list_is_taken_away_and_undone(host: Host) -> None:
    put(host, NETDEV, 0o640, gid=998)
    setfacl(host, NETDEV, "-m", "u:1000:r")
    before = host.access_list(NETDEV)
    done = apply(secrets_driver, host, CLOSE, "run")
    assert (state(host, NETDEV), host.access_list(NETDEV), opened(host)) == ((0o640, 0, 998), b"", [])
    assert "with an access list" in done["diff"][0]["before"]
    assert "with an access list" not in done["diff"][0]["after"]
    outcome = undo(host, "run", "undone")
    assert outcome["put_back"][0]["was"] == "mode 0640, owner 0:998, with an access list"
    assert (state(host, NETDEV), host.access_list(NETDEV)) == ((0o640, 0, 998), before)
    assert undo(host, "run", "twice")["changed"] is False


def test_an_access_list_that_somebody_changed_since_is_not_undone(host: Host) -> None:
    setfacl(host, NM, "-m", "u:1000:r")
    apply(secrets_driver, host, CLOSE, "run")
    setfacl(host, NM, "-m", "u:1001:---,m::---")
    outcome = undo(host, "run", "undone")
    assert [one["why"] for one in outcome["left"]] == ["changed since: its access list (setfacl) is another one"]
    assert state(host, NM) == (0o600, 0, 0)


def test_the_mask_of_a_list_is_nobodys_right(host: Host) -> None:
    """Its own group had nothing: taking the list away must not give it what the mask shows."""
    put(host, SWANCTL, 0o600, gid=50)
    setfacl(host, SWANCTL, "-m", "u:1000:rw,g::---")
    assert state(host, SWANCTL)[0] == 0o660
    apply(secrets_driver, host, CLOSE, "run")
    assert (state(host, SWANCTL), host.access_list(SWANCTL)) == ((0o600, 0, 50), b"")


def test_who_may_write_by_an_access_list_may_exchange_the_file(host: Host) -> None:
    at = os.path.dirname(NM)
    setfacl(host, at, "-m", "u:1000:rwx")
    assert opened(host) == [f"{NM}, which can be replaced in {at}"]
    apply(secrets_driver, host, CLOSE, "run")
    assert (state(host, at), host.access_list(at), opened(host)) == ((0o755, 0, 0), b"", [])


def test_a_folder_is_closed_before_the_key_in_it(host: Host) -> None:
    put(host, "/etc/openvpn/client", 0o777)
    put(host, "/etc/openvpn/client/school.key", 0o644)
    done = apply(secrets_driver, host, CLOSE, "run")
    assert [one["before_header"] for one in done["diff"]] == ["/etc/openvpn/client", "/etc/openvpn/client/school.key"]
    assert opened(host) == []


def test_what_was_exchanged_before_its_folder_was_closed_is_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    put(host, "/etc/openvpn/client", 0o777)
    key = "/etc/openvpn/client/school.key"
    put(host, key, 0o644)
    real = changing.write

    def exchanged(given: Host, edit: Any) -> None:
        if edit.path == key:
            os.unlink(host.path(key))
            Path(host.path(key)).write_text("another")
            os.chmod(host.path(key), 0o644)
            os.utime(host.path(key))
        real(given, edit)

    # The number of a file is given out again at once where nothing else holds it.
    with open(host.path(key)):
        monkeypatch.setattr(changing, "write", exchanged)
        with pytest.raises(ChangeRefused, match="changed by somebody else at this moment"):
            apply(secrets_driver, host, CLOSE, "run")
    assert state(host, key)[0] == 0o644


def mounts(host: Host, fstype: str) -> None:
    lines = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    lines += f"21 20 0:40 / /etc/openvpn rw - {fstype} there rw\n"
    Path(host.path("/proc/self")).mkdir(parents=True)
    Path(host.path("/proc/self/mountinfo")).write_text(lines)


def hard_link(host: Host) -> None:
    put(host, "/etc/openvpn/client/school.key", 0o644)
    os.link(host.path("/etc/openvpn/client/school.key"), host.path("/etc/another"))


def on_nfs(host: Host) -> None:
    put(host, "/etc/openvpn/client/school.key", 0o644)
    mounts(host, "nfs4")


def in_a_home(host: Host) -> None:
    Path(host.path("/home/ada")).mkdir(parents=True)
    os.chown(host.path("/home/ada"), 1000, 1000)
    Path(host.path("/home/ada/ada.key")).write_text("hunter2")
    os.chmod(host.path("/home/ada/ada.key"), 0o644)
    Path(host.path("/etc/openvpn/client/school.conf")).write_text("key /home/ada/ada.key\n")


def behind_a_link(host: Host) -> None:
    in_a_home(host)
    Path(host.path("/etc/openvpn/client/school.conf")).write_text("key school.key\n")
    os.unlink(host.path("/etc/openvpn/client/school.key"))
    os.symlink("../../../home/ada/ada.key", host.path("/etc/openvpn/client/school.key"))


def of_another_program(host: Host) -> None:
    folder = Path(host.path("/etc/ssl/private"))
    folder.mkdir(parents=True)
    (folder / "x.key").write_text("hunter2")
    put(host, "/etc/ssl/private/x.key", 0o640, gid=104)
    Path(host.path("/etc/openvpn/client/school.conf")).write_text("key /etc/ssl/private/x.key\n")


def of_the_program_itself(host: Host) -> None:
    put(host, "/etc/openvpn/client/school.key", 0o600, 110, 115)


def of_its_group(host: Host) -> None:
    put(host, "/etc/openvpn/client/school.key", 0o640, 0, 115)


def by_its_access_list(host: Host) -> None:
    setfacl(host, "/etc/openvpn/client/school.key", "-m", "u:110:r")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (hard_link, r"school\.key has 2 names \(hard links\)"),
        (on_nfs, r"school\.key lies on a file system that is not this machine's own \(nfs4\)"),
        (in_a_home, r"others than root may change the folder /home/ada"),
        (behind_a_link, r"others than root may change the folder /home/ada"),
        (of_another_program, r"other programs may read it there by its group"),
        (of_the_program_itself, r"school\.key belongs to openvpn, an account of a program"),
        (of_its_group, r"school\.key belongs to openvpn, an account of a program"),
        (by_its_access_list, r"lets an account of a program in \(110\)"),
    ],
)
def test_what_cannot_be_mended_is_left_and_named(host: Host, make: Any, why: str) -> None:
    make(host)
    found = opened(host)
    before = {path: os.lstat(path) for path in Path(host.root).rglob("*")}
    with pytest.raises(ChangeRefused, match=why):
        apply(secrets_driver, host, CLOSE, "run")
    assert opened(host) == found != []
    assert [
        path
        for path, was in before.items()
        if (os.lstat(path).st_mode, os.lstat(path).st_uid) != (was.st_mode, was.st_uid)
    ] == []
    put(host, NM, 0o644)  # what can be closed is, and the rest is said beside it
    host.forget()
    done = apply(secrets_driver, host, CLOSE, "run")
    assert state(host, NM) == (0o600, 0, 0)
    assert opened(host) == found
    assert len(done["warnings"]) == 1


def test_of_a_key_that_a_program_owns_others_lose_their_rights(host: Host) -> None:
    put(host, "/etc/openvpn/client/school.key", 0o644, 110, 115)
    done = apply(secrets_driver, host, CLOSE, "run")
    assert state(host, "/etc/openvpn/client/school.key") == (0o640, 110, 115)
    assert "belongs to openvpn" in done["warnings"][0]
    with pytest.raises(ChangeRefused, match="belongs to openvpn"):
        apply(secrets_driver, host, CLOSE, "again")


def test_a_link_to_a_file_of_roots_own_is_followed(host: Host) -> None:
    Path(host.path("/srv")).mkdir()
    Path(host.path("/srv/wg1.conf")).write_text(KEY)
    put(host, "/srv/wg1.conf", 0o644)
    os.symlink("../../srv/wg1.conf", host.path("/etc/wireguard/wg1.conf"))
    apply(secrets_driver, host, CLOSE, "run")
    assert state(host, "/srv/wg1.conf") == (0o600, 0, 0)
    assert os.path.islink(host.path("/etc/wireguard/wg1.conf"))


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(1, 8))
def test_killed_at_any_step_it_is_ended_or_undone(host: Host, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(host, NETDEV, 0o640, uid=1000, gid=998)
    setfacl(host, NETDEV, "-m", "u:1001:rw")
    before = (state(host, NETDEV), host.access_list(NETDEV))
    host.forget()
    count = 0

    def counted(name: str) -> None:
        real = getattr(os, name)

        def step(*words: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Killed
            return real(*words)

        monkeypatch.setattr(os, name, step)

    for name in ("fchown", "fchmod", "removexattr", "fsync"):
        counted(name)
    with contextlib.suppress(Killed):
        apply(secrets_driver, host, CLOSE, "run")
    monkeypatch.undo()
    now = (state(host, NETDEV), host.access_list(NETDEV))
    if now != before:
        outcome = undo(host, "run", "undone")
        # Between the new owner and the new mode it is neither as it was nor as the run meant it, which undo says.
        half = "its owner or mode is another one" in str(outcome["left"])
        assert half or (state(host, NETDEV), host.access_list(NETDEV)) == before
    host.forget()
    apply(secrets_driver, host, CLOSE, "next")
    assert opened(host) == []


@pytest.mark.parametrize(("address", "value"), [(OPEN, ["x"]), (OPEN, None), ("profiles", [])])
def test_nothing_else_can_be_asked_for(host: Host, address: str, value: Any) -> None:
    with pytest.raises(ChangeRefused):
        secrets_driver.dry_run(host, [{"address": address, "value": value}])


def test_what_a_files_own_group_may_do(host: Host) -> None:
    assert access_list.own_group(host, NM) is None
    setfacl(host, NM, "-m", "u:1000:r,g::rw,m::r")
    assert access_list.own_group(host, NM) == 4


def test_no_list_is_put_where_there_is_none(host: Host) -> None:
    with open(host.path(NM)) as stream:
        access_attribute.put(stream.fileno(), b"")
        assert access_attribute.content(stream.fileno()) == b""
