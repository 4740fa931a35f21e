"""A gateway of WireGuard and laptops of the lab, for tests of the VPN.

The gateway gets what `leeboard vpn export-gateway --kind wireguard` writes, and nothing else.
"""

from __future__ import annotations

import re
import time
from typing import Any

from leeboard.authority.gateways import wireguard
from leeboard.authority.gateways.wireguard import Peer, Wanted

from .authority import Authority
from .machine import Machine
from .vpn import GATEWAY, INSIDE, Laptop

KEY, CONF = "/etc/wireguard/leeboard.key", "/etc/wireguard/leeboard.conf"
NEARBY = ("192.0.2.1", "192.0.2.2")  # the gateway's and the laptop's own card
# What comes by the cable: the tunnel, what any network needs, and what should not be there.
COUNTED = """
table netdev lab_wireguard {
  counter c_tunnel {}
  counter c_other {}
  chain in { type filter hook ingress device "eth1" priority 0;
    meta protocol arp accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
    udp sport 68 udp dport 67 accept comment "who asks for an address"
    udp dport 51820 counter name "c_tunnel" accept
    tcp sport 22 tcp flags & (syn | ack) != syn accept comment "what the laptop answers to who comes to it"
    counter name "c_other" log prefix "BESIDE "
  }
}
"""
MADE = "from _linux.vpn.wireguard import make as wireguard_make\nprint(json.dumps(wireguard_make.make(host, [])))"
TRIED = """
from _linux.vpn.wireguard import key as wireguard_key
from _linux.vpn.wireguard import words as wireguard_words
print(json.dumps(wireguard_key.answered(host, wireguard_words.parse(given["tunnel"]))))
"""
# Who binds to the card goes by no route of the tunnel's.
BOUND = """
import socket, sys
asking = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_STREAM)
asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth1")
asking.settimeout(15)
try:
    asking.connect((sys.argv[1], 22))
    print(asking.recv(4).decode())
except OSError:
    pass
"""


class WireGuardGateway:
    """The school's end. Its key is made there."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        machine.root(
            "ip link set eth1 up; ip addr add 192.0.2.1/24 dev eth1; ip addr add 2001:db8:1::1/64 dev eth1 nodad;"
            f"ip addr add {INSIDE[0]}/32 dev lo; ip addr add {INSIDE[1]}/128 dev lo;"
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
        )
        machine.root("nft -f -", input=COUNTED)
        key = "/etc/wireguard/leeboard-gateway.key"
        self.public_key = machine.root(f"umask 077; wg genkey > {key}; wg pubkey < {key}").stdout.strip()

    def gets(self, *peers: Peer) -> None:
        """Copy an export with these peers over, and do what its page says."""
        inner = ("10.99.0.0/24", "2001:db8:99::/64")
        wanted = Wanted(GATEWAY, self.public_key, 51820, inner, peers, True, ("0.0.0.0/0", "::/0"), (INSIDE[0],))
        for name, text in wireguard.files(wanted).items():
            if name.startswith(("etc/", "usr/")):
                self.machine.put(text.encode(), f"/{name}")
        self.machine.root("chmod 600 /etc/wireguard/*; chmod 755 /usr/local/sbin/leeboard-wg-peers")
        self.machine.root("systemctl enable -q --now wg-quick@leeboard && leeboard-wg-peers", timeout=300)

    def knows(self) -> list[str]:
        """The public keys that the kernel has."""
        return self.machine.root("wg show leeboard peers").stdout.split()

    def counted(self) -> dict[str, int]:
        """Packets that came by the cable: `tunnel`, and `other` than that and what any network needs."""
        listed = self.machine.root("nft list counters netdev").stdout
        return {name: int(count) for name, count in re.findall(r"counter c_(\w+) {\s+packets (\d+)", listed)}

    def gets_in(self) -> bool:
        """Whether who comes to the laptop by the cable is answered there."""
        line = f"timeout 20 bash -c 'head -c 4 < /dev/tcp/{NEARBY[1]}/22'"
        return self.machine.ssh(line, check=False).stdout == "SSH-"


class WireGuardLaptop(Laptop):
    """A device with a key of its own and the inner addresses that end in `number`."""

    def __init__(self, machine: Machine, number: int = 2) -> None:
        super().__init__(machine, Authority())
        self.inner = (f"10.99.0.{number}", f"2001:db8:99::{number}")
        self.number = number
        made: list[Any] = self.does(MADE)
        assert made[0] is True
        self.public_key = str(made[1])

    @property
    def peer(self) -> Peer:
        """This device as its gateway has it."""
        return Peer("900001", f"LT-{self.number:03}", self.public_key, self.inner)

    def tunnel(self, gateway: WireGuardGateway) -> str:
        """The tunnel that the school declares, for everything."""
        own = " ".join(f"inner:{one}" for one in self.inner)
        return (
            f"wireguard:{GATEWAY}@{NEARBY[0]} port:51820 key:{gateway.public_key} {own} to:0.0.0.0/0 to:::/0 "
            f"dns:{INSIDE[0]}"
        )

    def is_answered(self, gateway: WireGuardGateway) -> bool:
        """What a roll-out asks before it writes the tunnel."""
        answer: bool = self.does(TRIED, tunnel=self.tunnel(gateway))
        return answer

    def waits_for_a_handshake(self, timeout: float = 600) -> None:
        """Until the gateway answered in the tunnel, by nobody's doing."""
        deadline = time.monotonic() + timeout
        asks = "wg show leeboard latest-handshakes | grep -qvP '\\t0$'"
        while self.machine.root(asks, check=False).returncode:
            log = self.machine.root("journalctl -b -u wg-quick@leeboard -o cat | tail -30; ip -br addr").stdout
            assert time.monotonic() < deadline, log
            time.sleep(2)

    def reaches_by_the_card(self, address: str) -> bool:
        """Whether something answers a program that binds to the card."""
        self.machine.put(BOUND.encode(), "/root/bound.py")
        return self.machine.root(f"python3 /root/bound.py {address}", check=False).stdout.strip() == "SSH-"
