"""Homes that refuse root (FUSE without allow_root, NFS with root_squash): nobody is passed over in silence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import facts
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf import driver as dconf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig import driver as kconfig
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import remmina
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import dconf_people

from tests.unit.linux.folder import folder
from tests.unit.linux.test_dconf import IDLE, KEY_FILE, PASSWD, PROFILE, GSettingsDouble

ANSWERS = {"get org.gnome.desktop.session idle-delay": "uint32 600"}
PLASMA = {"/usr/bin/plasmashell": "", "/usr/share/wayland-sessions/plasma.desktop": "[Desktop Entry]\n"}


def refusing(monkeypatch: pytest.MonkeyPatch, *paths: Path, error: int = 13) -> None:
    """Let the kernel refuse everything at and below these paths, as it does root on such file systems."""

    def guarded(real: Any) -> Any:
        def call(path: Any, *given: Any, **named: Any) -> Any:
            asked = Path(os.fsdecode(path)) if isinstance(path, (str, bytes, Path)) else Path("/")
            if any(asked == one or one in asked.parents for one in paths):
                raise OSError(error, os.strerror(error), str(asked))
            return real(path, *given, **named)

        return call

    for name in ("lstat", "stat", "open", "listdir", "readlink"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))


def machine(root: Path) -> Host:
    (root / "home/pupil").mkdir(parents=True)
    (root / "home/teacher").mkdir(parents=True)
    return folder(root, {"/etc/passwd": PASSWD, **PROFILE, **KEY_FILE, **PLASMA}, GSettingsDouble(ANSWERS))


DRIVERS = [
    (dconf, IDLE),
    (dconf, "environment"),
    (remmina, "saved-passwords"),
    (kconfig, "kscreenlockerrc:Daemon.Autolock"),
    (kconfig, "environment"),
]


@pytest.mark.parametrize(("driver", "address"), DRIVERS, ids=[f"{one.NAME}:{address}" for one, address in DRIVERS])
@pytest.mark.parametrize("error", [13, 107, 116], ids=["refused", "its daemon is gone", "stale handle"])
def test_a_home_that_refuses_root_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: Any, address: str, error: int
) -> None:
    host = machine(tmp_path)
    assert driver.ADDRESSES.match(address)
    assert driver.observe(host, [address])[address]["effective"]["state"] != "unreadable"
    host = Host(str(tmp_path), GSettingsDouble(ANSWERS))
    refusing(monkeypatch, tmp_path / "home/teacher", error=error)
    found = driver.observe(host, [address])[address]["effective"]
    assert found["state"] == "unreadable", found
    assert found["code"] in (("denied", "needs_root") if error == 13 else ("failed",))
    assert "/home/teacher" in found["why"]


def test_a_home_of_nobody_in_passwd_that_refuses_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = machine(tmp_path)
    (tmp_path / "home/of-the-directory").mkdir()
    assert dconf_people.everyone(host)
    refusing(monkeypatch, tmp_path / "home/of-the-directory")
    with pytest.raises(HostError, match="/home/of-the-directory"):
        dconf_people.everyone(Host(str(tmp_path)))


def test_a_domains_folder_that_refuses_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path)
    (tmp_path / "home/SCHOOL/ada").mkdir(parents=True)
    monkeypatch.setattr(dconf_people, "_owner", lambda _host, path: 0 if path.endswith("SCHOOL") else 1000)
    assert any(one.name == "ada" for one in dconf_people.everyone(Host(str(tmp_path))))
    refusing(monkeypatch, tmp_path / "home/SCHOOL")
    with pytest.raises(HostError, match="/home/SCHOOL"):
        dconf_people.everyone(Host(str(tmp_path)))


def test_a_home_of_the_directory_behind_a_link(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (tmp_path / "data/ada").mkdir(parents=True)
    os.chown(tmp_path / "data/ada", 70001, 70001) if os.geteuid() == 0 else pytest.skip("only root gives files away")
    (tmp_path / "home/ada").symlink_to("../data/ada")
    (tmp_path / "home/old-name").symlink_to("pupil")
    (tmp_path / "home/gone").symlink_to("nowhere")
    assert [one.name for one in dconf_people.everyone(host)] == ["ada", "pupil", "teacher"]


def test_more_homes_than_are_looked_at_are_not_left_out_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = machine(tmp_path)
    monkeypatch.setattr(dconf_people, "MOST_HOMES", 1)
    with pytest.raises(HostError, match="/home holds more than 1"):
        dconf_people.everyone(host)


def test_a_visit_from_a_unit_that_hides_homes(tmp_path: Path) -> None:
    host = machine(tmp_path)
    folder(tmp_path, {"/proc/self/ns/x": "", "/proc/1/ns/x": "", "/proc/1/root/x": ""})
    for process, number in (("self", 1), ("1", 2)):
        (tmp_path / f"proc/{process}/ns/mnt").symlink_to(f"mnt:[{number}]")
    (tmp_path / "proc/1/root/home").symlink_to(tmp_path / "home")
    assert len(dconf_people.everyone(host)) == 2, "a unit that hides nothing of them"
    (tmp_path / "proc/1/root/home").unlink()
    (tmp_path / "proc/1/root/home").mkdir()
    with pytest.raises(HostError, match="ProtectHome"):
        dconf_people.everyone(host)


def test_a_person_without_a_home_is_nobody_to_look_at(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (tmp_path / "home/teacher").rmdir()
    assert [one.name for one in dconf_people.everyone(host)] == ["pupil"]


def test_a_refused_program_or_file_is_not_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = folder(tmp_path, {"/usr/sbin/sshd": "", "/etc/x": ""})
    refusing(monkeypatch, tmp_path / "usr/sbin", tmp_path / "etc")
    for ask in (lambda: host.exists("/usr/sbin/sshd"), lambda: host.link("/etc/x")):
        with pytest.raises(HostError) as refused:
            ask()
        assert refused.value.code in ("denied", "needs_root")
    assert facts.observe(host)["ssh_server"]["state"] == "unreadable"


@pytest.mark.parametrize("name", ["/nowhere", "/etc/x/below-a-file", "/" + "n" * 300, "/nul\0"])
def test_what_cannot_be_there_is_not_there(tmp_path: Path, name: str) -> None:
    assert not folder(tmp_path, {"/etc/x": ""}).exists(name)
