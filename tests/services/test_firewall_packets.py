"""What strangers meet: real packets at real rules of nftables and both kinds of iptables, beside what the driver says."""

# ruff: noqa: E501 - a case is easier to compare on one line
from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.linux.network import ANY, GOOD, HIGH, nft, visited

# name: commands, IPv4, IPv6 (as the driver and the packets both have it), and perhaps the ports of the packet
CASES: dict[str, tuple[Any, ...]] = {
    "no rules": ("true", "accept", "accept"),
    "policy drop": (GOOD, "drop", "drop"),
    "last rule rejects": (nft("tcp dport 22 accept\nmeta l4proto tcp reject with tcp reset\nreject", policy="accept"), "reject", "reject"),
    "stock nftables.conf": (nft("", policy="accept").replace("ct state established,related accept", ""), "accept", "accept"),
    "IPv4 only": (nft("tcp dport 22 accept", "ip"), "drop", "accept"),
    "IPv6 only": (nft("tcp dport 22 accept", "ip6"), "accept", "drop"),
    "accept before the drop": (nft("accept\ndrop"), "accept", "accept"),
    "accept for all of IPv6": (nft("meta nfproto ipv6 accept"), "drop", "accept"),
    "accept in another chain does not save": (
        GOOD + "\n" + nft("accept", policy="accept").replace("guard", "other").replace("priority filter", "priority -10"),
        "drop", "drop",
    ),
    "a later chain that drops": (
        nft("accept", policy="accept") + "\n" + nft("").replace("guard", "late").replace("priority filter", "priority 20"),
        "drop", "drop",
    ),
    "dropped before input": (
        nft("accept", policy="accept") + "\nnft add chain inet guard early '{ type filter hook prerouting priority raw; }'"
        "\nnft add rule inet guard early iifname != lo drop",
        "drop", "drop",
    ),
    "a table that sleeps": (GOOD.replace("table inet guard {", "table inet guard {\nflags dormant;"), "accept", "accept"),
    "jump to a chain that accepts": (nft("jump open", more="chain open {\naccept\n}"), "accept", "accept"),
    "jump to a chain that returns": (nft("jump open", more="chain open {\ntcp dport 22 accept\nreturn\n}"), "drop", "drop"),
    "goto leaves for the policy": (nft("goto away\naccept", more="chain away {\ntcp dport 22 accept\n}"), "drop", "drop"),
    "a set of ports with ours": (
        nft("tcp dport @high accept", more="set high {\ntype inet_service; flags interval;\nelements = { 22, 32768-60999 }\n}"),
        "accept", "accept",
    ),
    "a map of verdicts": (
        nft("tcp dport vmap @doors", more="map doors {\ntype inet_service : verdict;\nelements = { 22 : accept, 25 : drop }\n}"),
        "drop", "drop",
    ),
    "a map of verdicts for states": (
        nft("ct state vmap { new : accept, invalid : drop }"), "accept", "accept",
    ),
    "by the name of the card": (nft('iifname "eth0" accept'), "accept", "accept"),
    "by the number of the card": (nft('iif "eth0" accept'), "accept", "accept"),
    "by a card that is not here": (nft('iifname "wg0" accept'), "drop", "drop"),
    "by the machine's own address": (nft("ip daddr 10.0.2.15 accept\nip6 daddr 2001:db8:2::/64 accept"), "accept", "accept"),
    "two halves of the Internet": (nft("ip saddr 0.0.0.0/1 accept\nip saddr 128.0.0.0/1 accept"), "accept", "drop"),
    "one network of the school": (nft("ip saddr 10.20.30.0/24 accept\nip6 saddr 2001:db8:77::/64 accept"), "drop", "drop"),
    "everything but one network": (nft("ip saddr != 10.20.30.0/24 accept"), "accept", "drop"),
    "another header is no other value": (nft("sctp dport != 9 accept\nicmp type != 8 accept\nip6 saddr != ::1 accept"), "drop", "accept"),
    "from port 53": (nft("tcp sport 53 accept"), "accept", "accept", HIGH, 53),
    "low ports": (nft("tcp dport 1-1023 accept"), "accept", "accept", 617),
    "high ports": (nft("tcp dport >= 50000 accept"), "accept", "accept", 51877),
    "slowly": (nft("ct state new limit rate 100/second accept"), "accept", "accept"),
    "only what goes too fast is dropped": (nft("limit rate over 1000/second drop", policy="accept"), "accept", "accept"),
    "new connections only": (nft("tcp flags & (fin|syn|rst|ack) == syn accept"), "accept", "accept"),
    "whole connections only": (nft("tcp flags & (fin|syn|rst|ack) == ack accept"), "drop", "drop"),
    "ICMP is no way in": (nft("ip protocol icmp accept\nmeta l4proto ipv6-icmp accept\nudp dport 68 accept"), "drop", "drop"),
    "an address with a port": (nft("ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 1-65535 } accept"), "drop", "drop"),
    "marked packets": (nft("meta mark 0x1 accept\nct mark 7 accept"), "drop", "drop"),
    "unmarked packets": (nft("meta mark 0x0 accept"), "accept", "accept"),
    "only the broadcast is dropped": (nft("fib daddr type { broadcast, multicast } drop", policy="accept"), "accept", "accept"),
    "to what is local": (nft("fib daddr type local accept"), "accept", "accept"),
    "iptables in nftables": (
        "iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
        "iptables-nft -A INPUT -p tcp -m multiport --dports 22,443 -m addrtype --dst-type LOCAL -j ACCEPT\n"
        "iptables-nft -A INPUT -m limit --limit 3/min -j LOG\niptables-nft -P INPUT DROP\n",
        "drop", "accept",
    ),
    "the old iptables": (
        "iptables-legacy -P INPUT DROP\niptables-legacy -A INPUT -i lo -j ACCEPT\n"
        "ip6tables-legacy -A INPUT ! -i lo -p tcp -j REJECT --reject-with tcp-reset\nip6tables-legacy -A INPUT ! -i lo -j REJECT",
        "drop", "reject",
    ),
    "both kinds of iptables": (
        "iptables-nft -P INPUT ACCEPT\niptables-legacy -A INPUT -j DROP\nip6tables-nft -A INPUT -j DROP", "drop", "drop",
    ),
    "iptables with an accept before": (
        "iptables-nft -P INPUT DROP\niptables-nft -I INPUT -m comment --comment 'for the -j DROP test' -j ACCEPT\n"
        "ip6tables-nft -P INPUT DROP\nip6tables-nft -A INPUT ! -s fe80::/10 -p tcp --dport 1024: -j ACCEPT",
        "accept", "accept",
    ),
    "iptables by chains": (
        "iptables-nft -N GUARD\niptables-nft -A INPUT -j GUARD\niptables-nft -A GUARD -p tcp --syn -m mark ! --mark 0x5 "
        "-j RETURN\niptables-nft -A GUARD -j DROP\niptables-nft -A INPUT -g LAST\n".replace("-A INPUT -g LAST\n", "-P INPUT DROP\n")
        + "ip6tables-nft -N GUARD\nip6tables-nft -A INPUT -g GUARD\nip6tables-nft -A INPUT -j DROP",
        "drop", "accept",
    ),
}  # fmt: skip
NAT = "\nnft add table ip nat\nnft add chain ip nat PREROUTING '{{ type nat hook prerouting priority dstnat; }}'\nnft add rule ip nat PREROUTING {}"
IPSEC = "-A INPUT -m policy --dir in --pol ipsec -j ACCEPT"  # what strongSwan's updown script puts in
# Other ways to write a good firewall: packets and driver must say drop for both families.
GOOD_ONES = {
    "loopback by its kind": nft("").replace("iif lo accept", "meta iiftype loopback accept"),
    "everything but loopback by its kind": nft("meta iiftype != loopback drop", policy="accept"),
    "what came out of IPsec": nft("meta secpath exists accept\nipsec in reqid 1 accept"),
    "the port before translation": nft("ct original proto-dst 22 accept"),
    "iptables and IPsec": f"iptables-nft -P INPUT DROP\niptables-nft {IPSEC}\nip6tables-nft -P INPUT DROP\nip6tables-nft {IPSEC}",
}


def test_the_driver_says_what_packets_meet(tmp_path: Path) -> None:
    cases = [(name, one[0], (*one[3:], HIGH)[0], (*one[4:], ANY)[0]) for name, one in CASES.items()]
    found = visited(tmp_path, cases)
    said = {
        name: tuple(found[name]["said"][f"inbound-{version}"].get("value") for version in ("ipv4", "ipv6"))
        for name in CASES
    }
    packets = {name: tuple(found[name]["packets"][version] for version in ("ipv4", "ipv6")) for name in CASES}
    assert packets == {name: one[1:3] for name, one in CASES.items()}
    assert said == packets
    # nft, and the old iptables of both families, whose tables are there since the tests emptied them.
    assert found["policy drop"]["children"] == 3
    assert found["policy drop"]["said"]["inbound-ipv4"]["note"] == "open to everybody: tcp 22, tcp 443"


def test_other_spellings_and_ways_round(tmp_path: Path) -> None:
    cases = [(name, commands, HIGH, ANY) for name, commands in GOOD_ONES.items()]
    cases += [
        (
            "a container's port",
            GOOD + NAT.format("fib daddr type local tcp dport 8080 dnat to 172.17.0.2:80"),
            8080,
            ANY,
        ),
        ("all high ports to SSH", GOOD + NAT.format("tcp dport 1024-65535 redirect to :22"), HIGH, ANY),
        ("low ports for a kind of network", nft("ip saddr 192.168.0.0/16 tcp dport 1-1023 accept"), HIGH, ANY),
    ]
    found = visited(tmp_path, cases)
    for name in GOOD_ONES:
        assert list(found[name]["packets"].values()) == ["drop", "drop"], name
        assert [one.get("value") for one in found[name]["said"].values()] == ["drop", "drop"], name
    container = found["a container's port"]["said"]["inbound-ipv4"]
    assert container["value"] == "drop"
    assert "passed on to a container or another machine, past this firewall: tcp 8080" in container["note"]
    # The packet went through: nobody listens on port 22 there, so the machine itself refused it.
    assert found["all high ports to SSH"]["packets"]["ipv4"] == "reject"
    assert "passes on TCP to port 40123" in found["all high ports to SSH"]["said"]["inbound-ipv4"]["why"]
    assert found["low ports for a kind of network"]["said"]["inbound-ipv4"]["value"] == "accept"
