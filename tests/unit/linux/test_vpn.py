"""VPN profiles of all programs, from files that the programs wrote where they can be run without a daemon."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn

from tests.unit.linux.folder import Answers, folder

KEY = "GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo="  # made for this test by wg genkey, used nowhere
EVERYTHING = ["0.0.0.0/0", "::/0"]
NM = "/etc/NetworkManager/system-connections/x.nmconnection"


def profiles(tmp_path: Path, files: dict[str, str | None], runner: Any = None) -> list[dict[str, Any]]:
    """What the driver says of each profile."""
    host = folder(tmp_path, files, runner) if runner else folder(tmp_path, files)
    found = vpn.observe(host, ["profiles"])["profiles"]["effective"]
    assert found["state"] == "value", found
    assert KEY not in json.dumps(found)
    return [json.loads(text) for text in found["value"]]


def one(tmp_path: Path, files: dict[str, str | None], runner: Any = None) -> dict[str, Any]:
    """What the driver says of the only profile."""
    found = profiles(tmp_path, files, runner)
    assert len(found) == 1, found
    return found[0]


def led(profile: dict[str, Any]) -> list[str]:
    """What goes through the tunnels of a profile."""
    return [selector for tunnel in profile.get("tunnels", []) for selector in tunnel.get("to", [])]


def test_a_machine_without_any_vpn(tmp_path: Path) -> None:
    assert profiles(tmp_path, {}) == []


# strongSwan

SCHOOL = """
connections {
  school {
    version = 2
    remote_addrs = vpn.school.example
    proposals = aes128gcm16-prfsha256-ecp256
    local { auth = pubkey }
    remote { auth = pubkey }
    children { all { remote_ts = 0.0.0.0/0,::/0
      esp_proposals = aes128gcm16-ecp256 } }
  }
}
"""


def school(before: str, after: str) -> dict[str, str | None]:
    assert before in SCHOOL
    return {"/etc/swanctl/swanctl.conf": SCHOOL.replace(before, after)}


def test_a_profile_of_swanctl(tmp_path: Path) -> None:
    assert one(tmp_path, school("", "")) == {
        "name": "school",
        "program": "strongSwan",
        "where": "/etc/swanctl/swanctl.conf, line 3",
        "protocol": "ikev2",
        "role": "initiates",
        "authentication": ["certificate"],
        "ike": ["aes128gcm16-prfsha256-ecp256"],
        "tunnels": [{"name": "all", "esp": ["aes128gcm16-ecp256"], "to": EVERYTHING}],
    }


@pytest.mark.parametrize(
    ("before", "after", "key", "expected"),
    [
        ("version = 2", "version = 1", "protocol", "ikev1"),
        ("version = 2", "version = 0", "protocol", "ikev1-or-ikev2"),
        ("version = 2", "", "protocol", "ikev1-or-ikev2"),
        ("remote_addrs = vpn.school.example", "", "role", "answers"),
        ("vpn.school.example", "%any", "role", "answers"),
        ("vpn.school.example", "10.0.0.0/8, 10.0.0.1-10.0.0.9", "role", "answers"),
        ("vpn.school.example", "vpn-1.school.example", "role", "initiates"),
        ("vpn.school.example", "2001:db8::1", "role", "initiates"),
        ("remote { auth = pubkey }", "remote { auth = psk }", "authentication", ["certificate", "psk"]),
        ("local { auth = pubkey }", "local { auth = eap-mschapv2 }", "authentication", ["certificate", "password"]),
        ("local { auth = pubkey }", "local { auth = eap-tls }", "authentication", ["certificate"]),
        ("local { auth = pubkey }", "local { auth = rsa-4096-sha384 }", "authentication", ["certificate"]),
        (
            "local { auth = pubkey }",
            "local-1 { }\nlocal-2 { auth = xauth }",
            "authentication",
            ["certificate", "password"],
        ),
        ("local { auth = pubkey }", "", "authentication", ["certificate"]),
        ("proposals = aes128gcm16-prfsha256-ecp256", "", "ike", ["default"]),
        ("prfsha256-ecp256\n", "prfsha256-ecp256 , default\n", "ike", ["aes128gcm16-prfsha256-ecp256", "default"]),
        ("esp_proposals = aes128gcm16-ecp256", "", "tunnels", [{"name": "all", "esp": ["default"], "to": EVERYTHING}]),
        (
            "esp_proposals = aes128gcm16-ecp256",
            "ah_proposals = sha256",
            "tunnels",
            [{"name": "all", "esp": ["ah"], "to": EVERYTHING}],
        ),
        (
            "remote_ts = 0.0.0.0/0,::/0",
            "remote_ts = 128.0.0.0/1, 0.0.0.0/1",
            "tunnels",
            [{"name": "all", "esp": ["aes128gcm16-ecp256"], "to": ["0.0.0.0/0"]}],
        ),
        (
            "remote_ts = 0.0.0.0/0,::/0",
            "",
            "tunnels",
            [{"name": "all", "esp": ["aes128gcm16-ecp256"], "to": ["dynamic"]}],
        ),
        (
            "remote_ts = 0.0.0.0/0,::/0",
            "remote_ts = 192.168.0.0/16\nmode = pass",
            "tunnels",
            [{"name": "all", "notes": ["the child all lets 192.168.0.0/16 past the tunnel"]}],
        ),
    ],
)
def test_a_profile_of_swanctl_with_one_thing_otherwise(
    tmp_path: Path, before: str, after: str, key: str, expected: object
) -> None:
    assert one(tmp_path, school(before, after))[key] == expected


def test_a_file_that_does_not_parse_is_an_error_and_no_empty_list(tmp_path: Path) -> None:
    host = folder(tmp_path, school("children {", "children {{"))
    found = vpn.observe(host, ["profiles", "old-programs"])
    assert found["profiles"]["effective"]["code"] == "malformed"
    assert "swanctl.conf, line 9" in found["profiles"]["effective"]["why"]
    assert found["old-programs"]["effective"]["value"] == []


IPSEC = """# ipsec.conf
config setup
    uniqueids=no
conn %default
    keyexchange=ikev2
    ike=aes128gcm16-prfsha256-ecp256!
conn base
    leftauth=pubkey
    rightauth=psk
conn office
    also=base
    auto=start
    right=vpn.school.example
    rightsubnet=10.0.0.0/8
    esp=aes128gcm16-ecp256
"""


def test_a_profile_of_ipsec_conf(tmp_path: Path) -> None:
    found = {said["name"]: said for said in profiles(tmp_path, {"/etc/ipsec.conf": IPSEC})}
    assert set(found) == {"office"}
    assert found["office"]["protocol"] == "ikev2"
    assert found["office"]["authentication"] == ["certificate", "psk"]
    assert found["office"]["ike"] == ["aes128gcm16-prfsha256-ecp256"]
    # Without the closing mark strongSwan adds its own.
    assert found["office"]["tunnels"] == [
        {"name": "office", "esp": ["aes128gcm16-ecp256", "default"], "to": ["10.0.0.0/8"]}
    ]


def test_libreswan_speaks_its_own_words(tmp_path: Path) -> None:
    files = {
        "/etc/ipsec.conf": "conn x\n  auto=start\n  ikev2=insist\n  authby=secret\n  ike=aes_gcm256-sha2\n",
        "/usr/libexec/ipsec/pluto": "",
    }
    found = one(tmp_path, files)
    assert (found["protocol"], found["authentication"], found["ike"]) == (
        "ikev2",
        ["psk"],
        ["libreswan:aes_gcm256-sha2"],
    )


# WireGuard

WG = f"""[Interface]
PrivateKey = {KEY}
Address = 10.7.0.2/32
[Peer]
PublicKey = {KEY}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = vpn.school.example:51820
"""


@pytest.mark.parametrize(
    ("before", "after", "to"),
    [
        ("", "", EVERYTHING),
        ("AllowedIPs = 0.0.0.0/0, ::/0", "allowedips=::/0 # a comment\nallowedips=0.0.0.0/0", EVERYTHING),
        ("0.0.0.0/0, ::/0", "0.0.0.0/1,128.0.0.0/1,::/1,8000::/1", EVERYTHING),
        ("0.0.0.0/0, ::/0", "0.0.0.0/0", ["0.0.0.0/0"]),
        ("Address =", "Table = off\nAddress =", []),
        ("AllowedIPs", "#AllowedIPs", []),
    ],
)
def test_a_profile_of_wg_quick(tmp_path: Path, before: str, after: str, to: list[str]) -> None:
    found = one(tmp_path, {"/etc/wireguard/wg0.conf": WG.replace(before, after, 1)})
    assert (found["name"], found["program"], found["protocol"], found["role"]) == (
        "wg0",
        "wg-quick",
        "wireguard",
        "initiates",
    )
    assert found["stored"] == ["private-key"]
    assert led(found) == to


@pytest.mark.parametrize(
    ("command", "noted"),
    [
        ("ip route add 192.168.0.0/16 via 192.168.1.1", True),
        ("ip -4 rule add from 10.7.0.2 table main", True),
        # The kill switch of wg-quick(8).
        ("iptables -I OUTPUT ! -o %i -m mark ! --mark $(wg show %i fwmark) -j REJECT", False),
    ],
)
def test_routes_that_wg_quick_adds(tmp_path: Path, command: str, noted: bool) -> None:
    found = one(tmp_path, {"/etc/wireguard/wg0.conf": WG.replace("Address =", f"PostUp = {command}\nAddress =", 1)})
    notes = found["tunnels"][0].get("notes", [])
    assert ["past the tunnel" in note for note in notes] == ([True] if noted else [])


def test_a_gateway_of_wireguard_answers(tmp_path: Path) -> None:
    assert one(tmp_path, {"/etc/wireguard/wg0.conf": WG.replace("Endpoint", "#Endpoint")})["role"] == "answers"


def test_the_kernel_has_the_last_word(tmp_path: Path) -> None:
    """`wg show all allowed-ips` as wireguard-tools 1.0.20210914 prints it: no kernel of a test has WireGuard."""
    runner = Answers(
        {"wg show all allowed-ips": Completed(0, f"wg0\t{KEY}\t10.0.0.0/8 ::/0\nwg7\t{KEY}\t(none)\n", "")}
    )
    files = {"/etc/wireguard/wg0.conf": WG} | {
        f"/sys/class/net/{name}/uevent": f"DEVTYPE=wireguard\nINTERFACE={name}\n" for name in ("wg0", "wg7")
    }
    known, stranger = profiles(tmp_path, files | {"/sys/class/net/eth0/uevent": "INTERFACE=eth0\n"}, runner)
    assert led(known) == ["::/0"]
    assert known["tunnels"][0]["notes"] == ["the kernel has 10.0.0.0/8, ::/0 for it now"]
    assert (stranger["name"], stranger["program"], stranger["protocol"]) == ("wg7", "kernel", "wireguard")
    assert runner.asked == [["wg", "show", "all", "allowed-ips"]]


NETDEV = f"[NetDev]\nName=wg0\nKind=wireguard\n\n[WireGuard]\nPrivateKey={KEY}\n\n[WireGuardPeer]\nPublicKey={KEY}\n"
NETDEV += "AllowedIPs=0.0.0.0/0,::/0\nEndpoint=192.0.2.1:51820\n"
ROUTES = "[Match]\nName=wg0\n\n[Route]\nDestination=0.0.0.0/0\nScope=link\n\n[Route]\nDestination=::/0\nScope=link\n"


@pytest.mark.parametrize(
    ("files", "to"),
    [
        ({"/run/systemd/network/w.network": ROUTES}, EVERYTHING),
        ({"/run/systemd/network/w.network": ROUTES.replace("::/0", "2001:db8::/32")}, ["0.0.0.0/0"]),
        ({"/run/systemd/network/w.network": ROUTES, "/etc/systemd/network/w.network": None}, []),
        ({"/run/systemd/network/w.network": ROUTES.replace("=wg0", "=wg*")}, EVERYTHING),
        ({}, []),
        ({"/etc/systemd/network/w.netdev.d/x.conf": "[WireGuard]\nRouteTable=main\n"}, EVERYTHING),
    ],
)
def test_a_profile_of_networkd(tmp_path: Path, files: dict[str, str | None], to: list[str]) -> None:
    found = one(tmp_path, {"/run/systemd/network/w.netdev": NETDEV, **files})
    assert (found["program"], found["stored"]) == ("systemd-networkd", ["private-key"])
    assert led(found) == to


NETPLAN = f"""network:
  version: 2
  tunnels:
    wg0:
      mode: wireguard
      addresses: [10.9.0.2/24]
      key: {KEY}
      peers:
        - keys:
            public: {KEY}
          allowed-ips: [0.0.0.0/0, "::/0"]
          endpoint: 192.0.2.1:51820
      routes:
        - to: 0.0.0.0/0
          scope: link
        - to: "::/0"
          scope: link
    wg1: {{mode: wireguard, renderer: NetworkManager, addresses: [10.9.1.2/24], key: {KEY}}}
    sit0:
      mode: sit
      local: 1.2.3.4
"""


def test_what_netplan_has_not_generated_yet(tmp_path: Path) -> None:
    found = profiles(tmp_path, {"/etc/netplan/60-vpn.yaml": NETPLAN})
    assert [(said["name"], said["program"], led(said)) for said in found] == [
        ("wg0", "netplan", ["not generated"]), ("wg1", "netplan", ["not generated"]),
    ]  # fmt: skip


def test_what_netplan_itself_generates(tmp_path: Path) -> None:
    if not shutil.which("netplan"):
        pytest.skip("netplan is not installed on this machine")
    files = {"/etc/netplan/60-vpn.yaml": NETPLAN.replace("    sit0:\n      mode: sit\n      local: 1.2.3.4\n", "")}
    host = folder(tmp_path, files)
    (tmp_path / "etc/netplan/60-vpn.yaml").chmod(0o600)
    # It ends with an error where systemd does not run, after it has written everything.
    subprocess.run(["netplan", "generate", "--root-dir", str(tmp_path)], capture_output=True, check=False)
    found = {said["name"]: said for said in (json.loads(one.text()) for one in vpn.profiles(host))}
    assert {name: said["program"] for name, said in found.items()} == {
        "wg0": "systemd-networkd", "netplan-wg1": "NetworkManager",
    }  # fmt: skip
    assert led(found["wg0"]) == EVERYTHING


# What keeps an answer honest


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"/etc/wireguard/wg0.conf": "[Peer]\n" + "AllowedIPs = 10.0.0.0/8\n" * 90_000}, "too_large"),
        ({NM: "no section\n"}, "malformed"),
        ({"/etc/openvpn/x.conf": "<key>\n-----BEGIN\n"}, "malformed"),
        ({"/etc/ipsec.conf": "conn x\n  right\n"}, "malformed"),
        (school("ecp256\n    local", "ecp256" + ",aes128-sha1-modp1024" * 5000 + "\n    local"), "too_large"),
        ({f"/etc/ppp/peers/p{number}": "plugin pptp.so\n" for number in range(301)}, "too_large"),
    ],
)  # fmt: skip
def test_a_source_that_makes_no_sense_is_an_error(tmp_path: Path, files: dict[str, str | None], code: str) -> None:
    found = vpn.observe(folder(tmp_path, files), ["profiles", "old-programs"])
    assert found["profiles"]["effective"]["code"] == code
    assert found["old-programs"]["effective"]["state"] == "value"


def test_many_networks_travel_shortened(tmp_path: Path) -> None:
    networks = ",".join(f"10.{a}.{b}.0/25" for a in range(20) for b in range(256))
    found = one(tmp_path, {"/etc/wireguard/wg0.conf": WG.replace("0.0.0.0/0, ::/0", networks)})
    assert len(led(found)) == 60
    assert found["tunnels"][0]["more"] == 20 * 256 - 60


def test_without_wg_the_files_count(tmp_path: Path) -> None:
    """NetworkManager brings WireGuard up by itself; then nothing tells what the kernel has."""
    files: dict[str, str | None] = {"/etc/wireguard/wg0.conf": WG}
    files |= {f"/sys/class/net/{name}/uevent": "DEVTYPE=wireguard\n" for name in ("wg0", "wg7")}
    known, stranger = profiles(tmp_path, files)
    assert (led(known), led(stranger)) == (EVERYTHING, ["not told"])


def test_a_slow_wg_is_a_timeout(tmp_path: Path) -> None:
    def slow(*_asked: object) -> Completed:
        raise HostError("timeout", "wg gave no answer within 20 s")

    host = folder(tmp_path, {"/sys/class/net/wg0/uevent": "DEVTYPE=wireguard\n"}, slow)
    assert vpn.observe(host, ["profiles"])["profiles"]["effective"]["code"] == "timeout"
