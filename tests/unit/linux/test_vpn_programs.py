"""VPN profiles of NetworkManager, OpenVPN and older or stranger programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn

from tests.unit.linux.folder import folder
from tests.unit.linux.test_vpn import EVERYTHING, KEY, NM, led, one, profiles

# NetworkManager: key files as `nmcli --offline connection add` of 1.52 writes them

IKE = """[connection]
id=IKE
uuid=464d00ad-07a3-4df7-86d6-7dc7e2fa7ed1
type=vpn

[vpn]
address=vpn.school.example
esp=aes128gcm16-ecp256
ike=aes128gcm16-prfsha256-ecp256;aes128-sha1-modp1024
method=key
proposal=yes
service-type=org.freedesktop.NetworkManager.strongswan

[ipv4]
method=auto
never-default=true

[ipv6]
addr-gen-mode=default
method=auto

[proxy]
"""


@pytest.mark.parametrize(
    ("before", "after", "key", "expected"),
    [
        ("", "", "ike", ["aes128gcm16-prfsha256-ecp256", "aes128-sha1-modp1024"]),
        ("proposal=yes\n", "", "ike", ["default"]),
        ("", "", "tunnels", [{"esp": ["aes128gcm16-ecp256"], "to": EVERYTHING}]),  # it routes by itself
        (
            "proposal=yes", "proposal=yes\nremote-ts=10.0.0.0/8;::/0",
            "tunnels", [{"esp": ["aes128gcm16-ecp256"], "to": ["10.0.0.0/8", "::/0"]}],
        ),
        ("", "", "authentication", ["certificate"]),
        ("method=key", "method=eap", "authentication", ["certificate", "password"]),
        ("method=key", "method=psk", "authentication", ["psk"]),
        (".strongswan", ".pptp", "protocol", "pptp"),
        (".strongswan", ".l2tp", "protocol", "l2tp"),
        (".strongswan", ".openconnect", "protocol", "tls"),
        (".strongswan", ".brandnew", "protocol", "other:brandnew"),
        ("[ipv4]", "[vpn-secrets]\npassword=hunter2\n\n[ipv4]", "stored", ["password"]),
        ("[ipv4]", "[vpn-secrets]\nipsec-psk=hunter2\n\n[ipv4]", "stored", ["psk"]),
    ],
)  # fmt: skip
def test_a_vpn_of_networkmanager(tmp_path: Path, before: str, after: str, key: str, expected: object) -> None:
    found = one(tmp_path, {NM: IKE.replace(before, after, 1)})
    assert found[key] == expected
    assert "hunter2" not in json.dumps(found)


def test_a_password_that_networkmanager_will_keep_counts(tmp_path: Path) -> None:
    assert one(tmp_path, {NM: IKE.replace("proposal=yes", "proposal=yes\npassword-flags=0")})["stored"] == ["password"]


@pytest.mark.parametrize("flags", ["1", "2", "3"])
def test_a_password_that_networkmanager_does_not_keep_is_not_stored(tmp_path: Path, flags: str) -> None:
    text = IKE.replace("proposal=yes", f"proposal=yes\npassword-flags={flags}").replace(
        "[ipv4]", "[vpn-secrets]\npassword=x\n[ipv4]"
    )
    assert "stored" not in one(tmp_path, {NM: text})


@pytest.mark.parametrize(
    ("before", "after", "to"),
    [
        ("never-default=true", "never-default=false", EVERYTHING),
        ("", "", ["::/0"]),
        ("addr-gen-mode=default\nmethod=auto", "method=disabled", []),
    ],
)
def test_the_default_route_of_other_vpns_is_networkmanagers(
    tmp_path: Path, before: str, after: str, to: list[str]
) -> None:
    assert led(one(tmp_path, {NM: IKE.replace(".strongswan", ".openvpn").replace(before, after, 1)})) == to


def test_a_wireguard_that_nmcli_writes(tmp_path: Path) -> None:
    if not shutil.which("nmcli"):
        pytest.skip("nmcli is not installed on this machine")
    asked = ["nmcli", "--offline", "connection", "add", "type", "wireguard", "con-name", "School", "ifname", "wgs"]
    asked += ["wireguard.private-key", KEY, "ipv4.method", "manual", "ipv4.addresses", "10.7.0.2/32"]
    asked += ["ipv6.method", "manual", "ipv6.addresses", "fd00::2/128"]
    text = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    # nmcli has no word for peers; this section is as nm-settings-keyfile(5) shows it.
    peer = f"\n[wireguard-peer.{KEY}]\nendpoint=192.0.2.1:51820\nallowed-ips=0.0.0.0/0;::/0;\n"
    found = one(tmp_path, {NM: text + peer})
    assert (found["name"], found["role"], led(found)) == ("School", "initiates", EVERYTHING)
    for extra, to in (
        ("[wireguard]\npeer-routes=false\n", []),
        ("[wireguard]\nip4-auto-default-route=0\n", ["::/0"]),
        ("[ipv6]\nnever-default=true\n", ["0.0.0.0/0"]),
    ):
        assert led(one(tmp_path, {NM: text + peer + extra})) == to


def test_which_files_networkmanager_looks_at(tmp_path: Path) -> None:
    other = IKE.replace("464d00ad", "564d00ad")
    files: dict[str, str | None] = {
        NM: IKE,
        "/run/NetworkManager/system-connections/same.nmconnection": IKE,  # the same UUID: hidden
        "/etc/NetworkManager/system-connections/old-style": other.replace("id=IKE", "id=two"),
        "/etc/NetworkManager/system-connections/x.nmconnection~": IKE.replace("464d", "111d"),
        "/etc/NetworkManager/system-connections/wifi.nmconnection": "[connection]\nid=w\nuuid=1\ntype=wifi\n",
        "/usr/lib/NetworkManager/system-connections/plain": other.replace("564d", "222d"),
    }
    assert sorted(said["name"] for said in profiles(tmp_path, files)) == ["IKE", "two"]


# Others


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "client\nremote vpn 1194\ncert a\nredirect-gateway def1 ipv6\n",
            {"authentication": ["certificate"], "tunnels": [{"to": EVERYTHING}]},
        ),
        ("client\nremote vpn\nredirect-gateway def1 # x\n", {"tunnels": [{"to": ["0.0.0.0/0"]}]}),
        ("client\nremote vpn\n", {"tunnels": [{"to": ["what the server says"]}]}),
        ("client\nremote vpn\nroute-nopull\nroute 0.0.0.0 128.0.0.0\nroute 128.0.0.0 128.0.0.0\nroute-ipv6 ::/0\n",
         {"tunnels": [{"to": EVERYTHING, "notes": ["it refuses the routes that the server gives"]}]}),
        ("remote vpn\n<auth-user-pass>\nada\nhunter2\n</auth-user-pass>\n",
         {"authentication": ["password"], "stored": ["password"]}),
        ("remote vpn\nauth-user-pass\n<cert>\nx\n</cert>\n", {"authentication": ["certificate", "password"]}),
        ("remote vpn\nsecret static.key\n", {"authentication": ["psk"]}),
        ("server 10.8.0.0 255.255.255.0\ncert a\n", {"role": "answers"}),
        ("config more.inc\n", {"authentication": ["password"], "role": "initiates"}),
    ],
)  # fmt: skip
def test_a_profile_of_openvpn(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    found = one(
        tmp_path,
        {"/etc/openvpn/client/school.conf": text, "/etc/openvpn/client/more.inc": "remote v\nauth-user-pass\n"},
    )
    assert found["protocol"] == "openvpn"
    assert {key: found.get(key) for key in expected} == expected
    assert "hunter2" not in json.dumps(found)


@pytest.mark.parametrize(
    ("path", "text", "protocol"),
    [
        ("/etc/ppp/peers/office", 'pty "pptp 192.0.2.1 --nolaunchpppd"\nname ada\n', "pptp"),
        ("/etc/ppp/peers/office", "plugin pptp.so\npptp_server 192.0.2.1\n", "pptp"),
        ("/etc/ppp/peers/provider", "plugin rp-pppoe.so\n# pptp is not used\n", ""),
        ("/etc/xl2tpd/xl2tpd.conf", "; [lac example]\n[global]\n[lac office]\nlns = 192.0.2.1\n", "l2tp"),
        ("/etc/xl2tpd/xl2tpd.conf", "; [lac example]\n;lns = x\n[global]\n", ""),
        ("/etc/vpnc/office.conf", "IPSec gateway 192.0.2.1\nIPSec secret hunter2\n", "ikev1"),
        ("/etc/vpnc/office.conf", "# IPSec gateway <gateway>\n", ""),
        ("/etc/openfortivpn/config", "host = 192.0.2.1\npassword = hunter2\n", "tls"),
        ("/var/lib/zerotier-one/networks.d/8056c2e21c000001.conf", "allowManaged=1\n", "other:zerotier"),
        ("/var/lib/zerotier-one/identity.public", "8056c2e21c:0:x\n", ""),
        ("/var/lib/tailscale/tailscaled.state", '{"_machinekey": "cHJpdmtleQ=="}\n', "other:tailscale"),
        ("/var/lib/tailscale/tailscaled.log1.txt", "logtail started\n", ""),
        ("/opt/cisco/secureclient/vpn/profile/county.xml", "<ServerList><HostEntry></HostEntry>", "other:anyconnect"),
        ("/opt/cisco/anyconnect/profile/county.xml", "<ServerList>\n<HostEntry>\n", "other:anyconnect"),
        ("/opt/cisco/secureclient/vpn/profile/county.xml", "<ClientInitialization/>", ""),
    ],
)
def test_a_profile_of_an_older_or_stranger_program(tmp_path: Path, path: str, text: str, protocol: str) -> None:
    assert [said["protocol"] for said in profiles(tmp_path, {path: text})] == ([protocol] if protocol else [])


TUN = {"/sys/class/net/tun0/tun_flags": "0x1001\n", "/sys/class/net/eth0/type": "1\n"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (TUN, ["kernel other:tun"]),
        (
            {**TUN, "/etc/wireguard/wg0.conf": f"[Interface]\nPrivateKey = {KEY}\n"},
            ["wg-quick wireguard", "kernel other:tun"],
        ),
        ({**TUN, "/sys/class/net/tun0/master": "br0\n"}, []),  # of a virtual machine
        ({"/sys/class/net/wwan0/type": "65534\n"}, []),  # mobile broadband
        ({**TUN, "/etc/openvpn/client/office.conf": "client\nremote v\n"}, ["OpenVPN openvpn"]),
        ({**TUN, NM: IKE}, ["NetworkManager (strongswan) ikev2"]),
    ],
)
def test_a_tunnel_of_a_program_that_has_no_file(tmp_path: Path, files: dict[str, str | None], found: list[str]) -> None:
    """openconnect takes all that it needs from its arguments; `ip -d link show type tun` shows what it makes."""
    assert [f"{one['program']} {one['protocol']}" for one in profiles(tmp_path, files)] == found


def test_old_programs(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/usr/sbin/pptp": "", "/usr/lib/NetworkManager/VPN/nm-l2tp-service.name": ""})
    found = vpn.observe(host, ["old-programs"])["old-programs"]["effective"]["value"]
    assert found == ["/usr/sbin/pptp", "/usr/lib/NetworkManager/VPN/nm-l2tp-service.name"]
