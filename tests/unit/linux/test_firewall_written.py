"""What a roll-out would make of a firewall, and what it leaves alone: texts only. Packets: tests/services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import (
    firewalld_policy,
    guests,
    table,
    ufw_writing,
    way_in,
    words,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.came_by import CameBy
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.loading import loading

from tests.unit.linux.folder import Answers, effective, folder

RULES = words.Rules(
    words.networks("2001:db8:5::/48 10.20.0.0/16"), (22, 2222),
    words.openings("udp:5000-5010@10.20.0.0/16 tcp:443"), ("mdns", "printing"), ("virbr0",),
)  # fmt: skip
# What nft lists of a chain that drops all, in our table (captured from nft 1.1.3, without rules).
CHAIN = {"family": "inet", "table": "leeboard", "name": "input", "hook": "input", "type": "filter", "prio": 0,
         "policy": "drop"}  # fmt: skip
SSH = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}
NETWORK = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                     "right": {"prefix": {"addr": "10.20.0.0", "len": 16}}}}  # fmt: skip
EMPTY = '{"nftables": []}'
LISTED = json.dumps(
    {
        "nftables": [
            {"table": {"family": "inet", "name": "leeboard", "handle": 7}},
            {"chain": {**CHAIN, "handle": 1}},
            {
                "rule": {
                    "family": "inet",
                    "table": "leeboard",
                    "chain": "input",
                    "handle": 3,
                    "expr": [NETWORK, SSH, {"accept": None}],
                }
            },
        ]
    }
)
WANTED = [{"address": "inbound-ipv4", "value": "drop"}, {"address": "management", "value": "10.20.0.0/16"}]
MACHINE = {
    "/usr/sbin/nft": "",
    "/sys/class/net/eth0/type": "1\n",
    "/proc/net/if_inet6": "",
    "/proc/modules": "nf_tables 1\n",
    "/proc/sys/net/ipv6/conf/eth0/disable_ipv6": "0\n",
    "/proc/sys/net/ipv6/conf/default/disable_ipv6": "0\n",
    "/proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n",
    "/run/systemd/system/x": "",
}


def machine(root: Path, files: dict[str, str | None] | None = None, **answers: Completed) -> Host:
    """A machine with nftables and no rules; `answers` by a word of the command, `_` for a blank."""
    given = {name.replace("_", " "): answer for name, answer in answers.items()}
    usual = {
        "nft -f -": Completed(0, LISTED, ""),
        "nft -j list ruleset": Completed(0, EMPTY, ""),
        "systemctl show": Completed(0, "", ""),
    }
    return folder(root, {**MACHINE, **(files or {})}, Answers({**given, **{**usual, **given}}))


def tree(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_our_file_says_in_words_what_its_rules_are() -> None:
    text = table.text(RULES)
    assert table.rules_of(text) == RULES
    for line in (
        "# management: 10.20.0.0/16 2001:db8:5::/48",
        "policy drop;",
        "ip saddr { 10.20.0.0/16 } tcp dport { 22, 2222 } accept",
        "ip6 saddr { 2001:db8:5::/48 } tcp dport { 22, 2222 } accept",
        "ip saddr { 10.20.0.0/16 } udp dport 5000-5010 accept",
        'iifname { "virbr0" } udp dport { 53, 67, 547 } accept',
    ):
        assert line in text
    assert text.startswith("#!/usr/sbin/nft -f\n") and "flush ruleset" not in text
    assert "iif " not in text  # a number of a card
    # By hand: other rules, or other words for the same.
    assert table.rules_of(text.replace("22, 2222", "22, 2222, 3389")) is None
    assert table.rules_of(text.replace("# services: mdns", "# services: none")) is None
    assert table.rules_of("") is None
    with pytest.raises(ChangeRefused, match="cannot be the name of a network card"):
        table.text(RULES._replace(guests=('x"; drop',)))


def test_one_network_within_another_is_one_rule() -> None:
    text = table.text(RULES._replace(management=words.networks("10.20.0.0/16 10.20.3.0/24")))
    assert "ip saddr { 10.20.0.0/16 } tcp dport" in text
    assert "# management: 10.20.0.0/16 10.20.3.0/24\n" in text


def test_a_policy_of_firewalld_says_in_words_what_its_rules_are() -> None:
    text = firewalld_policy.text(RULES)
    assert firewalld_policy.rules_of(text) == RULES._replace(guests=())
    assert '<policy priority="-150" target="DROP">' in text
    assert (
        '<rule family="ipv6"><source address="2001:db8:5::/48"/><port port="2222" protocol="tcp"/><accept/></rule>'
        in text
    )
    assert '  <port port="443" protocol="tcp"/>\n' in text
    assert firewalld_policy.rules_of(text.replace('port="443"', 'port="444"')) is None


def test_rules_of_ufw_are_known_by_their_comments() -> None:
    tuples = [
        f"### tuple ### allow {words} comment={('leeboard-' + comment).encode().hex()}"
        for words, comment in (
            ("tcp 22 0.0.0.0/0 any 10.20.0.0/16 in", "management"),
            ("udp 5000:5010 0.0.0.0/0 any 0.0.0.0/0 in", "opening"),
            ("udp 5353 224.0.0.251 any 0.0.0.0/0 in", "mdns"),
            ("tcp 53 0.0.0.0/0 any 0.0.0.0/0 in_virbr0", "guests"),
        )
    ]
    theirs = (
        "### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in\n"
        "### tuple ### allow tcp 81 0.0.0.0/0 any 0.0.0.0/0 in comment=61"
    )
    found = ufw_writing.rules_of(["\n".join([*tuples, theirs]), ""])
    assert found == words.Rules(
        ("10.20.0.0/16",), (22,), (words.Opening("udp", 5000, 5010, ""),), ("mdns",), ("virbr0",)
    )
    assert ufw_writing.rules_of([theirs, ""]) is None


@pytest.mark.parametrize(
    ("read", "text", "refusal"),
    [
        (words.networks, "10.20.0.1/16", "is no network"),
        (words.openings, "tcp:443;drop", "is no opening"),
        (words.openings, "tcp:90-80", "names no ports"),
        (words.openings, "tcp:70000", "names no ports"),
        (words.services, "telnet", "is no service; there are mdns, printing"),
        (words.networks, ["10.20.0.0/16"], "is no text"),
    ],
)
def test_other_words_are_refused(read: Any, text: Any, refusal: str) -> None:
    with pytest.raises(ChangeRefused, match=refusal):
        read(text)


def test_a_table_of_our_own_where_there_is_nothing(tmp_path: Path) -> None:
    planned = firewall.dry_run(machine(tmp_path), WANTED)
    assert [edit.path for edit in planned.edits] == [table.FILE, table.UNIT_FILE]
    assert planned.commands == [
        ["systemctl", "daemon-reload"], ["systemctl", "enable", table.UNIT], ["systemctl", "restart", table.UNIT],
    ]  # fmt: skip
    assert firewall.dry_run(machine(tmp_path), []).edits == []


UFW_ON = {"/etc/ufw/ufw.conf": "ENABLED=yes\n"}
WANTS = "/etc/systemd/system/multi-user.target.wants"
UNITS = "/usr/lib/systemd/system"
FIREWALLD_ON = {f"{WANTS}/firewalld.service": "", f"{UNITS}/firewalld.service": ""}
NFTABLES_ON = {f"{WANTS}/nftables.service": "", f"{UNITS}/nftables.service": "", "/etc/nftables.conf": "x"}
# (files, answers, changes beside WANTED, what is said)
REFUSED: dict[str, tuple[dict[str, str | None], dict[str, Completed], list[dict[str, Any]], str]] = {
    "ufw and firewalld": ({**UFW_ON, **FIREWALLD_ON}, {}, [], "two firewalls at once, ufw and firewalld: each closes"),
    "ufw and nftables": (
        {**UFW_ON, **NFTABLES_ON}, {'nft_-f_"$1"': Completed(0, LISTED, "")}, [],
        "two firewalls at once, ufw and nftables.service with /etc/nftables.conf",
    ),
    "ours and ufw": ({**UFW_ON, table.FILE: "x"}, {}, [], f"ufw and {table.FILE} of Leeboard's own"),
    "a program of their own": (
        {f"{WANTS}/shorewall.service": "", f"{UNITS}/shorewall.service": ""}, {}, [],
        "shorewall.service loads rules of its own, and Leeboard does not write for it",
    ),
    "netfilter-persistent": (
        {f"{WANTS}/netfilter-persistent.service": "", f"{UNITS}/netfilter-persistent.service": ""}, {}, [],
        "netfilter-persistent.service loads rules of its own",
    ),
    "a script": ({"/etc/rc.local": "iptables -A INPUT -j DROP\n"}, {}, [], "/etc/rc.local loads rules of its own"),
    "a slip": (
        NFTABLES_ON, {'nft_-f_"$1"': Completed(1, "", "x:1:2-3: Error: syntax error")}, [],
        "/etc/nftables.conf could not be tried: unshare ended with status 1: x:1:2-3: Error: syntax error; put it",
    ),
    "read-only": (
        {"/proc/self/mountinfo": "1 0 8:1 / / ro - ext4 /dev/sda1 ro\n"}, {}, [],
        "/ is mounted read-only, so no firewall can be written",
    ),
    "nobody is named": ({}, {}, [{"address": "management", "value": "none"}], "set leeboard_management_networks"),
    "not where we come from": (
        {"/proc/self/environ": "A=b", "/proc/self/status": "PPid:\t77\n", "/proc/77/status": "PPid:\t1\n",
         "/proc/77/environ": "A=b\0SSH_CONNECTION=198.51.100.7 50000 192.0.2.15 22\0"}, {}, [],
        "the management networks (10.20.0.0/16) do not contain 198.51.100.7, which we come from",
    ),
    "strangers are not let in": ({}, {}, [{"address": "inbound-ipv6", "value": "accept"}], "never let in"),
    "what leaves": ({}, {}, [{"address": "outbound-ipv4", "value": "drop"}], "only reported"),
    "a drop-in": ({f"{table.UNIT_FILE}.d/x.conf": ""}, {}, [], "x.conf changes the unit of our firewall"),
    "nft refuses": ({}, {"nft_-f_-": Completed(1, "", "Error: no")}, [], "nft does not take the rules: Error: no"),
    "too much is open": (
        {}, {"nft_-f_-": Completed(0, LISTED.replace('"policy": "drop"', '"policy": "accept"'), "")}, [],
        "strangers would still get in now",
    ),
    "technicians are kept out": (
        {}, {"nft_-f_-": Completed(0, LISTED.replace("10.20.0.0", "10.21.0.0"), "")}, [],
        "TCP port 22 does not let 10.20.0.0/16 in: the policy of chain input in table inet leeboard (now)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(name: str, tmp_path: Path) -> None:
    files, answers, changes, said = REFUSED[name]
    host = machine(tmp_path, files, **answers)
    before = tree(tmp_path)
    with pytest.raises((ChangeRefused, HostError)) as refused:
        firewall.dry_run(host, [*WANTED, *changes])
    assert said in str(refused.value)
    assert tree(tmp_path) == before


def test_without_systemd_or_nft(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (tmp_path / "run/systemd/system/x").unlink()
    (tmp_path / "run/systemd/system").rmdir()
    with pytest.raises(ChangeRefused, match="systemd does not run on this machine"):
        firewall.dry_run(host, WANTED)
    host = machine(tmp_path / "other")
    (tmp_path / "other/usr/sbin/nft").unlink()
    with pytest.raises(ChangeRefused, match="nftables is not installed; the role firewall installs it"):
        firewall.dry_run(host, WANTED)


def test_without_rules_of_ours_a_closed_machine_is_left_alone(tmp_path: Path) -> None:
    closed = json.loads(LISTED)
    closed["nftables"][1]["chain"]["table"] = closed["nftables"][2]["rule"]["table"] = "theirs"
    for name, rules, said in (("open", EMPTY, "none"), ("closed", json.dumps(closed), None)):
        files = NFTABLES_ON if said is None else {}
        host = machine(tmp_path / name, files, **{'nft_-f_"$1"': Completed(0, rules, "")})
        host._runner.answers["nft -j list ruleset"] = Completed(0, rules, "")  # type: ignore[attr-defined]
        for address in firewall.WORDS:
            found = effective(firewall, host, address)
            assert (found["state"], found.get("value")) == ("value" if said else "absent", said)


def test_the_ports_of_sshd_and_the_one_we_came_by(tmp_path: Path) -> None:
    lines = (
        'tcp LISTEN 0 128 0.0.0.0:2200 0.0.0.0:* users:(("sshd",pid=7,fd=3)) cgroup:/system.slice/ssh.service\n'
        'tcp LISTEN 0 128 127.0.0.1:2201 0.0.0.0:* users:(("sshd",pid=8,fd=3))\n'
        'tcp LISTEN 0 128 [::]:80 [::]:* users:(("nginx",pid=9,fd=3))\n'
    )
    shown = "Listen=0.0.0.0:2222 (Stream)\nListen=[::]:2222 (Stream)\n"
    wants = "/etc/systemd/system/sockets.target.wants/ssh.socket"
    files = {"/usr/bin/ss": "", wants: "", f"{UNITS}/ssh.socket": "", "/run/systemd/system/x": ""}
    host = folder(
        tmp_path, files, Answers({"ss -H": Completed(0, lines, ""), "systemctl show": Completed(0, shown, "")})
    )
    assert way_in.ssh_ports(host) == (2200,)
    assert way_in.management_ports(host, CameBy("10.20.0.9", 50000, "10.20.0.15", 8022)) == (2200, 2222, 8022)
    assert way_in.management_ports(folder(tmp_path / "none"), None) == (22,)
    for address, within in (
        ("10.20.0.9", True),
        ("::ffff:10.20.0.9", True),
        ("fe80::1%eth0", True),
        ("10.21.0.9", False),
    ):
        came = CameBy(address, 50000, "10.20.0.15", 22)
        assert way_in.within(came, ("10.20.0.0/16", "fe80::/10")) is within


def test_cards_of_guests(tmp_path: Path) -> None:
    files = {
        "/sys/class/net/lxdbr0/bridge/x": "", "/sys/class/net/br0/bridge/x": "", "/sys/class/net/virbr9/type": "1",
        "/etc/libvirt/qemu/networks/default.xml": "<forward mode='nat'/><bridge name='virbr0' stp='on'/>",
        "/etc/libvirt/qemu/networks/host.xml": "<forward mode='bridge'/><bridge name='br0'/>",
        "/etc/NetworkManager/system-connections/hot.nmconnection":
            "[connection]\ninterface-name=wlan1\n[ipv4]\nmethod=shared\n",
        "/etc/NetworkManager/system-connections/lan.nmconnection":
            "[connection]\ninterface-name=eth0\n[ipv4]\nmethod=auto\n",
    }  # fmt: skip
    assert guests.guests(folder(tmp_path, files)) == ("lxdbr0", "virbr0", "wlan1")


POLICY = "/etc/firewalld/policies/leeboard.xml"
PUBLIC = {"/etc/firewalld/zones/public.xml": "<zone target='ACCEPT'/>"}


def test_firewalld_gets_a_policy_before_its_zones(tmp_path: Path) -> None:
    files = {**FIREWALLD_ON, **PUBLIC, "/usr/lib/firewalld/zones/libvirt.xml": "<zone/>"}
    host = machine(tmp_path, files, **{"firewall-cmd_--check-config": Completed(0, "success\n", "")})
    planned = firewall.dry_run(host, WANTED)
    assert [edit.path for edit in planned.edits] == ["/etc/firewalld/policies/leeboard-guests.xml", POLICY]
    assert planned.commands == [["firewall-cmd", "--check-config"], ["firewall-cmd", "--reload"]]
    assert planned.edits[0].after and b'<ingress-zone name="libvirt"/>' in planned.edits[0].after
    # What is asked before ours and lets everything in counts.
    early = '<policy priority="-200" target="ACCEPT"><ingress-zone name="ANY"/><egress-zone name="HOST"/></policy>'
    host = machine(
        tmp_path / "early",
        {**files, "/etc/firewalld/policies/a.xml": early},
        **{"firewall-cmd_--check-config": Completed(0, "", "")},
    )
    with pytest.raises(ChangeRefused, match="firewalld's policy a lets everything in"):
        firewall.dry_run(host, WANTED)
    host = machine(tmp_path / "slip", files, **{"firewall-cmd_--check-config": Completed(1, "", "Error: INVALID_ZONE")})
    with pytest.raises(ChangeRefused, match="firewalld's files do not parse: Error: INVALID_ZONE"):
        firewall.dry_run(host, WANTED)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [("", "drop"), ('priority="-150"', "accept"), ('"ANY"', "accept"), ('target="DROP"', "accept")],
)
def test_a_policy_before_the_zones_counts_for_the_next_start(change: str, verdict: str, tmp_path: Path) -> None:
    other = {'priority="-150"': 'priority="150"', '"ANY"': '"work"', 'target="DROP"': 'target="CONTINUE"'}
    text = firewalld_policy.text(RULES)
    text = text.replace(change, other[change]) if change else text
    host = machine(tmp_path, {**FIREWALLD_ON, **PUBLIC, POLICY: text})
    assert effective(firewall, host, "after-restart-ipv4")["value"] == verdict


def test_what_covers_ufw_and_firewalld(tmp_path: Path) -> None:
    chains = Completed(0, "-P INPUT DROP\n", "")
    cover = firewall.cover(machine(tmp_path / "ufw", UFW_ON, iptables=chains, ip6tables=chains), [])
    assert cover.files == ("/etc/default/ufw", "/etc/ufw/ufw.conf", "/etc/ufw/user.rules", "/etc/ufw/user6.rules")
    assert [command.argv for command in cover.commands] == [("ufw", "reload")]
    assert {proof.prints for proof in cover.proofs} == {b"-P INPUT DROP\n"}
    answers = {"--get-policies": Completed(0, "allow-host-ipv6\n", "")}
    cover = firewall.cover(machine(tmp_path / "firewalld", {**FIREWALLD_ON}, **answers), [])
    assert cover.files == (POLICY, "/etc/firewalld/policies/leeboard-guests.xml")
    assert [command.argv for command in cover.commands] == [("firewall-cmd", "--reload")]
    assert [proof.prints for proof in cover.proofs] == [b"allow-host-ipv6\n"]
    assert all(cover.longest >= 60 for cover in (cover,))


def test_an_undo_loads_what_it_put_back(tmp_path: Path) -> None:
    gone = folder(tmp_path / "gone", {"/run/systemd/system/x": ""})
    assert loading(gone, [table.FILE, table.UNIT_FILE])[0] == [
        ["systemctl", "daemon-reload"], ["nft", "add table inet leeboard; delete table inet leeboard"],
    ]  # fmt: skip
    assert loading(folder(tmp_path / "old", {table.FILE: "x"}), [table.FILE])[0][-1] == ["nft", "-f", table.FILE]
    assert loading(folder(tmp_path / "ufw", UFW_ON), ["/etc/ufw/user.rules"])[0] == [["ufw", "reload"]]
    assert loading(folder(tmp_path / "off"), ["/etc/default/ufw"])[0] == []
    host = folder(tmp_path / "firewalld", {"/usr/bin/firewall-cmd": ""}, Answers({"--state": Completed(0, "", "")}))
    assert loading(host, [POLICY])[0] == [["firewall-cmd", "--reload"]]
