"""Whom a firewall has to keep out: packets of strangers to ports of this machine, over each of its network cards.

A sample stands for all: addresses that nobody would name by themselves, low and high ports, TCP and UDP. Whatever lets
one of them in lets in more than it should; a rule for one service, one network or a VPN lets in none of them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import by_name, number, text_or_nothing
from .rules import ACCEPT, DROP, MAYBE_ACCEPT, REJECT, Packet, Ruleset
from .values import OTHER_CARD

OFF = "off"
# One in each corner of the Internet, and one in each kind of private network.
STRANGERS = {
    "ip": ("81.187.201.66", "23.201.77.201", "52.177.33.9", "109.201.66.133", "141.99.203.77", "185.77.201.19",
           "203.177.66.91", "217.201.99.3", "10.211.77.66", "172.29.201.77", "192.168.211.77"),
    "ip6": ("2a02:77:66::91", "2001:77:66::91", "2600:77:66::91", "fd77:66::91", "fe80::77:66:91"),
}  # fmt: skip
PORTS = (40123, 617, 3517, 12343, 23457, 51877, 64991)
WAYS_IN = ("ingress", "prerouting", "input")
WAYS_OUT = ("output", "postrouting")
CARDS = "/sys/class/net"
SYSCTL = ("/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")  # what lies in /run is gone by then
SWITCH = re.compile(r"(?m)^[ \t]*-?net[./]ipv6[./]conf[./]([^\s/]+)[./]disable_ipv6[ \t]*=[ \t]*(\d+)")
LOOPBACK, NO_HARDWARE = 772, 65534  # ARPHRD_LOOPBACK; ARPHRD_NONE is that of WireGuard and tun
MOST_WORK = 20000  # rules looked at for the list of open ports


def cards(host: Machine) -> list[str]:
    """The network cards by which strangers come: no loopback, VPN or bridge of virtual machines. Raises HostError."""
    names = []
    for name in host.entries(CARDS):
        kind = number(_card_file(host, name, "type"))
        # A modem for mobile networks has no hardware address either, but it is a device.
        virtual = kind == NO_HARDWARE and not host.exists(f"{CARDS}/{name}/device")
        if kind in (LOOPBACK, None) or virtual or host.exists(f"{CARDS}/{name}/master"):
            continue
        ports = host.entries(f"{CARDS}/{name}/brif")
        if host.exists(f"{CARDS}/{name}/bridge") and not any(host.exists(f"{CARDS}/{port}/device") for port in ports):
            continue
        names.append(name)
    return names


def _card_file(host: Machine, card: str, name: str) -> str:
    try:
        return host.text(f"{CARDS}/{card}/{name}").strip()
    except FileNotFoundError:
        return ""


def own_addresses(host: Machine, family: str) -> tuple[str, ...]:
    """This machine's addresses but those of loopback, from /proc/net. Raises HostError."""
    addresses = set()
    try:
        if family == "ip6":
            for line in host.text("/proc/net/if_inet6").split("\n"):
                words = line.split()
                if len(words) == 6 and words[5] != "lo":
                    addresses.add(str(ipaddress.ip_address(int(words[0], 16))))
        else:
            last = ""
            for line in host.text("/proc/net/fib_trie").split("\n"):
                words = line.replace("|--", "").replace("+--", "").split()
                if words[1:3] == ["host", "LOCAL"] and not last.startswith("127."):
                    addresses.add(last)
                last = words[0] if words else ""
    except FileNotFoundError:
        return ()
    return tuple(sorted(addresses))


def stays_off(host: Machine) -> bool:
    """Whether IPv6, which is off now, will be off after the next start as well. Raises HostError.

    systemd-sysctl reads no /etc/sysctl.conf (sysctl.conf(5)), unless a link in sysctl.d leads there, as on Ubuntu.
    """
    if not host.exists("/proc/net/if_inet6"):
        return True  # ipv6.disable=1, or a kernel without it
    switches: dict[str, str] = {}
    for path in by_name(host, SYSCTL, ".conf"):
        for card, switch in SWITCH.findall(text_or_nothing(host, path) or ""):
            if card in ("all", "*"):
                switches.clear()  # it is written to every card, and to what later ones begin with
            switches["default" if card in ("all", "*") else card] = switch
    switches.pop("lo", None)
    return switches.get("default") == "1" and set(switches.values()) == {"1"}


def is_off(host: Machine, family: str) -> bool:
    """Whether the machine does not speak IPv6 at all. Raises HostError."""
    if family != "ip6":
        return False
    if not host.exists("/proc/net/if_inet6"):
        return True
    if own_addresses(host, family):
        return False
    switches = []
    for card in (*cards(host), "default"):
        try:
            switches.append(host.text(f"/proc/sys/net/ipv6/conf/{card}/disable_ipv6").strip())
        except FileNotFoundError:
            raise HostError("failed", f"it is not known whether IPv6 is switched off for {card}") from None
    return set(switches) == {"1"}


class Judgement:
    """What strangers meet: `verdict` accept, accept?, drop or reject, `why` in words, `note` with the exceptions."""

    def __init__(self, verdict: str, why: str, note: str = "") -> None:
        self.verdict = verdict
        self.why = why
        self.note = note


def judge(ruleset: Ruleset, family: str, own: tuple[str, ...], names: list[str], inbound: bool = True) -> Judgement:
    """What the strangers of `family` meet by the cards `names` and by one that is still to come."""
    hooks = WAYS_IN if inbound else WAYS_OUT

    def packet(protocol: str, port: int, stranger: str, card: str) -> Packet:
        return Packet(family, protocol, port, stranger, own, card, inbound)

    everybody = STRANGERS[family]
    near = [one for one in everybody if not ipaddress.ip_address(one).is_global]
    tried = [(PORTS[0], stranger) for stranger in everybody]
    tried += [(port, stranger) for port in PORTS[1:] for stranger in (everybody[0], *near)]
    doubt, kept = "", {DROP: "", REJECT: ""}
    for card in (*names, OTHER_CARD):
        for protocol in ("tcp", "udp"):
            for port, stranger in tried:
                one = packet(protocol, port, stranger, card)
                verdict, place = ruleset.meets(one, hooks)
                if verdict == ACCEPT:
                    return Judgement(ACCEPT, f"{one.text()}: {place}")
                if verdict == MAYBE_ACCEPT:
                    doubt = doubt or f"{place} cannot be told for {one.text()}"
                else:
                    kept[verdict] = kept[verdict] or place
                moved = ruleset.moved(one) if inbound else ""
                if moved:
                    doubt = doubt or f"{moved} passes on {one.text()}, and what becomes of it there cannot be told"
    if doubt:
        return Judgement(MAYBE_ACCEPT, doubt)
    note = _open_ports(ruleset, packet, names, hooks) if inbound else ""
    return Judgement(DROP, kept[DROP], note) if kept[DROP] else Judgement(REJECT, kept[REJECT], note)


def _open_ports(
    ruleset: Ruleset, packet: Callable[[str, int, str, str], Packet], names: list[str], hooks: tuple[str, ...]
) -> str:
    """The ports that strangers do reach, in words."""
    few = MOST_WORK // max(ruleset.size(), 1)
    ports = sorted({(layer or name, port) for layer, port in ruleset.ports for name in ("tcp", "udp")
                    if layer in ("", name)}, key=lambda one: (one[1], one[0]))  # fmt: skip
    stranger = STRANGERS[packet("tcp", 1, "", "").family][0]
    accepted, passed = [], []
    for protocol, port in ports[:few]:
        packets = [packet(protocol, port, stranger, card) for card in names or [""]]
        if any(ruleset.moved(one) for one in packets):
            passed.append(f"{protocol} {port}")
        elif any(ruleset.meets(one, hooks)[0] == ACCEPT for one in packets):
            accepted.append(f"{protocol} {port}")
    more = f" and {len(ports) - few} more that were not looked at" if len(ports) > few else ""
    sentences = [f"open to everybody: {', '.join(accepted)}{more}"] if accepted or more else []
    # Docker publishes ports in this way, past ufw and past every rule for input.
    if passed:
        sentences.append(f"passed on to a container or another machine, past this firewall: {', '.join(passed)}")
    return "; ".join(sentences)[:500]
