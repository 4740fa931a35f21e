"""Who could read the keys of VPNs: with real owners, modes and access lists, so these tests need root."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.secrets import driver as secrets_driver

from tests.unit.linux.folder import PASSWD, folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for files of other owners")
OPEN = "open-to-others"
GROUP = "root:x:0:\nsystemd-network:x:998:\nstaff:x:50:\n"
SECRET = "connections { }\nsecrets {\n  ike-1 { secret = hunter2 }\n}\n"
WG = "/etc/wireguard/wg0.conf"
NETDEV = "/etc/systemd/network/wg0.netdev"
NM = "/etc/NetworkManager/system-connections/x.nmconnection"


class Machine:
    """A folder as a machine; every file is root's and 0600 at first, every folder 0755, keys' folders 0700."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        self.host = folder(root, {"/etc/passwd": PASSWD, "/etc/group": GROUP, **files})
        for path in root.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o600)
        for name in ("wireguard", "swanctl/private", "swanctl/rsa"):
            if (root / "etc" / name).exists():
                (root / "etc" / name).chmod(0o700)

    def set(self, path: str, mode: int, uid: int = 0, gid: int = 0) -> None:
        os.chown(self.root / path.lstrip("/"), uid, gid)
        (self.root / path.lstrip("/")).chmod(mode)

    def open(self) -> list[str]:
        found = secrets_driver.observe(self.host, [OPEN])[OPEN]["effective"]
        assert found["state"] == "value", found
        assert "hunter2" not in str(found)
        value: list[str] = found["value"]
        return value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(
        tmp_path,
        {
            WG: "[Interface]\nPrivateKey = hunter2\n",
            "/etc/wireguard/privatekey": "hunter2\n",
            "/etc/wireguard/publickey": "x\n",
            "/etc/swanctl/swanctl.conf": "include conf.d/*.conf\n",
            "/etc/swanctl/conf.d/secret.conf": SECRET,
            "/etc/swanctl/conf.d/plain.conf": "connections { }\n",
            "/etc/swanctl/private/laptop.pem": "x",
            "/etc/swanctl/pkcs12/laptop.p12": "x",
            "/etc/ipsec.secrets": "include /etc/ipsec.d/*.secrets\n",
            "/etc/ipsec.d/x.secrets": ": PSK hunter2\n",
            NM: "[connection]\nid=x\n",
            "/etc/netplan/60-vpn.yaml": "network:\n  tunnels:\n    wg0:\n      key: hunter2\n",
            "/etc/netplan/50-lan.yaml": "network:\n  ethernets:\n    eth0: {dhcp4: true}\n",
            NETDEV: "[WireGuard]\nPrivateKey=hunter2\n",
            "/etc/systemd/network/file.netdev": "[WireGuard]\nPrivateKeyFile=/etc/wg.key\n",
            "/etc/wg.key": "hunter2",
            "/etc/wireguard/home.conf": "[Interface]\nPostUp = wg set %i private-key /etc/keys/home.key peer "
            "aaaa preshared-key '/etc/keys/home.psk'; logger private-key\n"
            "# PostUp = wg set %i private-key /etc/keys/old\n",
            "/etc/keys/home.key": "hunter2",
            "/etc/keys/home.psk": "hunter2",
            "/etc/keys/old": "x",
            "/etc/openvpn/client/school.conf": "remote x\nkey school.key\nauth-user-pass /etc/openvpn/ada\n",
            "/etc/openvpn/client/school.key": "x",
            "/etc/openvpn/ada": "ada\nhunter2\n",
            "/etc/ppp/chap-secrets": "ada * hunter2 *\n",
        },
    )


def test_all_is_closed(machine: Machine) -> None:
    for path in ("/etc/swanctl/conf.d/plain.conf", "/etc/netplan/50-lan.yaml", "/etc/swanctl/swanctl.conf",
                 "/etc/keys/old"):  # fmt: skip
        machine.set(path, 0o644)
    assert machine.open() == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/swanctl/conf.d/secret.conf", "/etc/swanctl/pkcs12/laptop.p12", "/etc/ipsec.secrets",
        "/etc/ipsec.d/x.secrets", NM, "/etc/netplan/60-vpn.yaml", NETDEV, "/etc/wg.key",
        "/etc/keys/home.key", "/etc/keys/home.psk",
        "/etc/openvpn/client/school.key", "/etc/openvpn/ada", "/etc/ppp/chap-secrets",
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o606])
def test_a_file_that_is_open(machine: Machine, path: str, mode: int) -> None:
    machine.set(path, mode)
    assert machine.open() == [f"{path} root:root {mode:04o}"]


def test_a_stricter_mode_is_closed(machine: Machine) -> None:
    machine.set(NM, 0o400)
    assert machine.open() == []


def test_a_file_of_somebody_else_is_open_to_them(machine: Machine) -> None:
    machine.set(NM, 0o600, uid=1000)
    assert machine.open() == [f"{NM} ada:root 0600"]


def test_a_closed_folder_shields_its_files(machine: Machine) -> None:
    machine.set(WG, 0o644)
    machine.set("/etc/swanctl/private/laptop.pem", 0o644)
    assert machine.open() == []
    machine.set("/etc/wireguard", 0o755)
    assert machine.open() == ["/etc/wireguard root:root 0755", f"{WG} root:root 0644"]
    machine.set("/etc/wireguard", 0o711)
    assert machine.open() == ["/etc/wireguard root:root 0711", f"{WG} root:root 0644"]


def test_a_folder_of_keys_is_closed_itself(machine: Machine) -> None:
    machine.set("/etc/swanctl/private", 0o755)
    assert machine.open() == ["/etc/swanctl/private root:root 0755"]


def test_public_keys_may_be_read_and_private_ones_not(machine: Machine) -> None:
    machine.set("/etc/wireguard", 0o755)
    machine.set("/etc/wireguard/publickey", 0o644)
    machine.set("/etc/wireguard/privatekey", 0o644)
    assert machine.open() == ["/etc/wireguard root:root 0755", "/etc/wireguard/privatekey root:root 0644"]


KEY = "-----BEGIN {}-----\nhunter2\n-----END {}-----\n"
CERTIFICATE = KEY.format("CERTIFICATE", "CERTIFICATE")


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
@pytest.mark.parametrize(
    "path",
    [
        "/etc/swanctl/x509/laptop.pem", "/etc/swanctl/x509ca/old.bak", "/etc/ipsec.d/certs/laptop.pem",
        "/etc/openvpn/client/copy.txt", "/etc/openvpn/easy-rsa/pki/issued/x.crt", "/etc/NetworkManager/certs/x.pem",
    ],
)  # fmt: skip
def test_a_key_that_was_copied_among_the_certificates(tmp_path: Path, path: str, kind: str) -> None:
    machine = Machine(tmp_path, {path: CERTIFICATE + KEY.format(kind, kind)})
    assert machine.open() == []
    machine.set(path, 0o644)
    assert machine.open() == [f"{path} root:root 0644"]


def test_what_is_no_key_may_be_read(tmp_path: Path) -> None:
    files = {
        "/etc/swanctl/x509/laptop.pem": CERTIFICATE,
        "/etc/swanctl/pubkey/x.pem": KEY.format("PUBLIC KEY", "PUBLIC KEY"),
        "/etc/openvpn/client/note.txt": "the PRIVATE KEY lies in the safe\n",
        "/etc/ipsec.d/crls/large.crl": "x" * (1024 * 1024 + 1),
        "/etc/ipsec.d/private-not.txt": "",
    }
    machine = Machine(tmp_path, files)
    for path in files:
        machine.set(path, 0o644)
    (tmp_path / "etc/swanctl/x509ca").mkdir()
    (tmp_path / "etc/swanctl/x509ca/gone.pem").symlink_to("/nonexistent")
    (tmp_path / "etc/swanctl/x509ca/loop").symlink_to("..")
    assert machine.open() == []


def test_keys_in_der(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed on this machine")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, cwd=folder)

    folder = tmp_path / "etc/swanctl/x509"
    machine = Machine(tmp_path, {"/etc/swanctl/x509/note": ""})
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "key.pem", "-out", "a.pem")
    openssl("x509", "-in", "a.pem", "-outform", "der", "-out", "certificate.der")
    openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "der", "-out", "public.der")
    openssl("rsa", "-in", "key.pem", "-RSAPublicKey_out", "-outform", "der", "-out", "public-1.der")
    openssl("pkey", "-in", "key.pem", "-outform", "der", "-out", "pkcs8.der")
    openssl("rsa", "-in", "key.pem", "-traditional", "-outform", "der", "-out", "pkcs1.der")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-outform", "der", "-out", "sec1.der")
    openssl("pkcs12", "-export", "-in", "a.pem", "-inkey", "key.pem", "-passout", "pass:", "-out", "pkcs12.p12")
    for path in folder.iterdir():
        path.chmod(0o644)
    assert [said.split()[0].rsplit("/", 1)[1] for said in machine.open()] == [
        "key.pem", "pkcs1.der", "pkcs12.p12", "pkcs8.der", "sec1.der",
    ]  # fmt: skip


@pytest.mark.parametrize(("mode", "uid", "gid"), [(0o777, 0, 0), (0o775, 0, 50), (0o755, 1000, 0)])
def test_a_folder_in_which_others_can_put_another_file(machine: Machine, mode: int, uid: int, gid: int) -> None:
    folder_of = str(Path(NM).parent)
    machine.set(folder_of, mode, uid, gid)
    assert machine.open() == [f"{NM}, which can be replaced in {folder_of}"]


def test_a_sticky_folder_keeps_the_file(machine: Machine) -> None:
    machine.set(str(Path(NM).parent), 0o1777)
    assert machine.open() == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/etc/systemd/network/wg0.netdev.d/key.conf", "[WireGuard]\nPrivateKey=hunter2\n", True),
        ("/etc/xl2tpd/l2tp-secrets", "* * hunter2\n", True),
        ("/etc/xl2tpd/l2tp-secrets", "# us them secret\n\n", False),
        ("/etc/vpnc/office.conf", "IPSec gateway x\nIPSec secret hunter2\n", True),
        ("/etc/vpnc/office.conf", "IPSec gateway x\n", False),
        ("/etc/openfortivpn/config", "host = x\npassword = hunter2\n", True),
    ],
)
def test_files_of_other_programs(tmp_path: Path, path: str, text: str, found: bool) -> None:
    machine = Machine(tmp_path, {path: text})
    machine.set(path, 0o644)
    assert machine.open() == ([f"{path} root:root 0644"] if found else [])


def test_networkd_may_read_its_own_keys(machine: Machine) -> None:
    machine.set(NETDEV, 0o640, gid=998)
    machine.set("/etc/wg.key", 0o640, gid=998)
    assert machine.open() == []
    machine.set(NETDEV, 0o660, gid=998)
    machine.set("/etc/wg.key", 0o640, gid=50)
    assert machine.open() == [f"{NETDEV} root:systemd-network 0660", "/etc/wg.key root:staff 0640"]


def test_a_link_leads_to_where_the_secret_lies(machine: Machine) -> None:
    (machine.root / "srv/open").mkdir(parents=True)
    there = machine.root / "srv/open/wg1.conf"
    there.write_text("[Interface]\nPrivateKey = hunter2\n")
    there.chmod(0o644)
    (machine.root / "etc/wireguard/wg1.conf").symlink_to(there)
    assert machine.open() == ["/etc/wireguard/wg1.conf root:root 0644"]


def test_access_lists_count(machine: Machine) -> None:
    if not shutil.which("setfacl"):
        pytest.skip("setfacl is not installed on this machine")

    def setfacl(path: str, *entry: str) -> None:
        done = subprocess.run(["setfacl", *entry, str(machine.root / path.lstrip("/"))], capture_output=True, text=True)
        if "not supported" in done.stderr:
            pytest.skip("this file system keeps no access lists")
        assert done.returncode == 0, done.stderr

    machine.set(NETDEV, 0o640, gid=998)
    setfacl(NETDEV, "-m", "u:1000:r")
    setfacl(NM, "-m", "g:50:r")
    assert machine.open() == [
        f"{NM} root:root 0640, and by access list group staff",
        f"{NETDEV} root:systemd-network 0640, and by access list user ada",
    ]
    setfacl(NETDEV, "-b")
    setfacl(NM, "-m", "m::---")  # the mask takes the right away again
    assert machine.open() == []


@pytest.mark.parametrize(("number", "code"), [(errno.EIO, "failed"), (errno.EACCES, "denied")])
def test_an_access_list_that_cannot_be_read_is_not_none(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def broken(*_asked: object) -> bytes:
        raise OSError(number, os.strerror(number))

    machine.set(NETDEV, 0o640, gid=998)
    monkeypatch.setattr(os, "getxattr", broken)
    found = secrets_driver.observe(machine.host, [OPEN])[OPEN]["effective"]
    assert (found["state"], found.get("code")) == ("unreadable", code)


def test_places_of_shared_secrets_and_never_the_secrets(machine: Machine) -> None:
    found = vpn.observe(machine.host, ["shared-secrets"])["shared-secrets"]["effective"]
    assert found["value"] == [
        "/etc/ipsec.d/x.secrets, line 1 (psk)", "/etc/swanctl/conf.d/secret.conf, line 3: secrets.ike-1 (psk)",
    ]  # fmt: skip
    assert "hunter2" not in str(found)


def test_libreswan_takes_the_word_in_any_case(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/etc/ipsec.secrets": '%any %any : psk "x"\n'})
    assert vpn.observe(host, ["shared-secrets"])["shared-secrets"]["effective"]["value"] == [
        "/etc/ipsec.secrets, line 1 (psk)"
    ]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("secrets { eap-ada { id = ada\n secret = x } }", ["password"]),
        ("secrets { xauth { secret = x } }", ["password"]),
        ("secrets { ike { secret = } }", []),
        ("secrets { private { file = x\n secret = x } }", []),  # the passphrase of a key is no shared secret
        ("secrets { token { pin = 1234 } }", []),
    ],
)
def test_kinds_of_secrets(tmp_path: Path, text: str, kinds: list[str]) -> None:
    host = folder(tmp_path, {"/etc/swanctl/swanctl.conf": text})
    found = vpn.observe(host, ["shared-secrets"])["shared-secrets"]["effective"]["value"]
    assert [said.rsplit("(", 1)[1].rstrip(")") for said in found] == kinds
