"""Facts and identity: never a guess."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import facts
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import identity

from tests.unit.linux.folder import folder

OS = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'


def fact(tmp_path: Path, name: str, files: dict[str, str]) -> object:
    found = facts.observe(folder(tmp_path, files))[name]
    return found.get("value", found["state"])


@pytest.mark.parametrize(
    ("files", "desktops"),
    [
        ({}, []),
        ({"/usr/bin/gnome-shell": ""}, ["gnome"]),
        ({"/usr/share/wayland-sessions/plasma.desktop": "[Desktop Entry]\nDesktopNames=KDE\n"}, ["plasma"]),
        ({"/usr/share/xsessions/ubuntu.desktop": "[Desktop Entry]\nDesktopNames=ubuntu:GNOME\n"}, ["gnome"]),
        ({"/usr/share/xsessions/budgie-desktop.desktop": "[Desktop Entry]\nDesktopNames=Budgie:GNOME\n"}, ["budgie"]),
        ({"/usr/share/xsessions/openbox.desktop": "[Desktop Entry]\nExec=openbox\n"}, ["other:openbox"]),
        ({"/usr/share/xsessions/lightdm-xsession.desktop": "[Desktop Entry]\n"}, []),
        ({"/usr/share/xsessions/x.desktop": "[Desktop Entry]\nHidden=true\n", "/usr/bin/mate-session": ""}, ["mate"]),
        ({"/usr/share/xsessions/xfce.desktop": "[Desktop Entry]\n[Other]\nDesktopNames=KDE\n"}, ["xfce"]),
        ({"/usr/bin/xfce4-session": "", "/usr/bin/cinnamon-session": ""}, ["cinnamon", "xfce"]),
    ],
)
def test_desktops(tmp_path: Path, files: dict[str, str], desktops: list[str]) -> None:
    assert fact(tmp_path, "desktops", files) == desktops


@pytest.mark.parametrize(
    ("name", "files", "value"),
    [
        ("os_id", {"/etc/os-release": OS}, "debian"),
        ("os_version", {"/usr/lib/os-release": OS}, "13"),
        ("os_version", {"/etc/os-release": "ID=arch\n"}, "absent"),
        ("display_managers", {"/usr/sbin/gdm3": "", "/usr/bin/sddm": ""}, ["gdm", "sddm"]),
        ("ssh_server", {}, False),
        ("smart_cards", {"/usr/sbin/pcscd": ""}, True),
        ("vpn", {}, []),
        (
            "vpn",
            {"/etc/wireguard/a.conf": "", "/etc/wireguard/b.conf": "", "/etc/vpnc/x.conf": "IPSec gateway x\n"},
            ["ipsec", "wireguard"],
        ),
        ("vpn", {"/var/lib/zerotier-one/networks.d/x.conf": "x"}, ["other"]),
        ("vpn", {"/etc/swanctl/swanctl.conf": "connections {"}, "unreadable"),
        ("smart_cards", {"/usr/lib/x86_64-linux-gnu/security/pam_pkcs11.so": ""}, True),
        ("chassis", {"/sys/class/dmi/id/chassis_type": "10\n"}, "portable"),
        ("chassis", {"/sys/class/dmi/id/chassis_type": "17\n"}, "server"),
        ("chassis", {"/sys/class/dmi/id/chassis_type": "1\n"}, "other"),
        ("chassis", {"/sys/class/dmi/id/chassis_type": "laptop\n"}, "unreadable"),
        ("chassis", {}, "absent"),
        ("sign_in_methods", {"/etc/pam.d/login": "auth required pam_unix.so\n"}, ["password"]),
        ("sign_in_methods", {"/etc/pam.d/login": "@include gone\n"}, "unreadable"),
        (
            "sign_in_methods",
            {"/etc/pam.d/login": "auth sufficient pam_fprintd.so\nauth required pam_unix.so\n"},
            ["fingerprint", "password"],
        ),
        (
            "sign_in_methods",
            {
                "/etc/pam.d/login": "auth required pam_unix.so\n",
                "/etc/pam.d/gdm-fingerprint": "auth required pam_fprintd.so\n",
            },
            ["password"],
        ),
        ("package_upgrade", {}, False),
        ("package_upgrade", {"/var/lib/dpkg/updates/0001": ""}, True),
        ("package_upgrade", {"/var/lib/dpkg/lock": ""}, "unreadable"),
        ("package_upgrade", {"/var/lib/dpkg/lock": "", "/proc/locks": ""}, False),
    ],
)
def test_fact(tmp_path: Path, name: str, files: dict[str, str], value: object) -> None:
    assert fact(tmp_path, name, files) == value


def test_a_held_lock_is_seen_in_proc_locks(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/var/lib/dpkg/lock-frontend": ""})
    lock = (tmp_path / "var/lib/dpkg/lock-frontend").stat()
    place = f"{os.major(lock.st_dev):02x}:{os.minor(lock.st_dev):02x}:{lock.st_ino}"
    folder(tmp_path, {"/proc/locks": f"1: POSIX  ADVISORY  WRITE 4711 {place} 0 EOF\n"})
    assert facts.observe(host)["package_upgrade"]["value"] is True


def test_identity_from_smbios(tmp_path: Path) -> None:
    files = {"product_serial": "PF0ABC12\n", "product_uuid": "4C4C4544-0035-3010-8051\n"}
    host = folder(
        tmp_path,
        {f"/sys/class/dmi/id/{name}": text for name, text in files.items()}
        | {"/etc/machine-id": "e08d2021fbdd6f894fde550c98aff54d\n", "/etc/os-release": OS},
    )
    assert {name: aspect["value"] for name, aspect in identity.observe(host).items()} == {
        "serial": "PF0ABC12",
        "uuid": "4c4c4544-0035-3010-8051",
        "machine_id": "e08d2021fbdd6f894fde550c98aff54d",
        "os": "debian 13",
    }


def test_identity_on_arm(tmp_path: Path) -> None:
    found = identity.observe(folder(tmp_path, {"/sys/firmware/devicetree/base/serial-number": "10000000abcdef\0"}))
    assert found["serial"]["value"] == "10000000abcdef"
    assert found["uuid"]["state"] == "absent"


def test_identity_of_an_empty_folder_is_absent(tmp_path: Path) -> None:
    assert {aspect["state"] for aspect in identity.observe(folder(tmp_path)).values()} == {"absent"}
