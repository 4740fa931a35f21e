"""A laptop of the lab that asks for names by one resolver or another, in a network that gives its own server out."""

from __future__ import annotations

import itertools
import time

from .machine import Machine
from .vpn import Laptop

NEARBY = "192.0.2.53"  # what DHCP says is to be asked
# networkd's own DHCP server. It keeps what the gateway has on the card besides.
GIVES_ADDRESSES = f"""[Match]
Name=eth1
[Network]
Address=192.0.2.1/24
Address={NEARBY}/24
Address=2001:db8:1::1/64
DHCPServer=yes
IPv6AcceptRA=no
[DHCPServer]
PoolOffset=100
PoolSize=20
EmitRouter=yes
EmitDNS=yes
DNS={NEARBY}
"""
ASKS_DHCP = """[Match]
Name=eth1
[Network]
DHCP=ipv4
IPv6AcceptRA=no
[DHCPv4]
RouteMetric=10
"""
LEAVES_THE_CARD = "[Match]\nName=eth1\n[Link]\nUnmanaged=yes\n"
# NetworkManager has that one card alone. The resolvconf that it would tell otherwise is systemd-resolved's own.
ONE_CARD = """[main]
dns=default
rc-manager=file
plugins=keyfile
[keyfile]
unmanaged-devices=*,except:interface-name:eth1
"""
CARD = """[connection]
id=card
uuid=5f1c2c3e-0d39-4d8f-9a52-000000000001
type=ethernet
interface-name=eth1
[ipv4]
method=auto
route-metric=10
[ipv6]
method=disabled
"""
# Answers each question for an address with the address that was asked, and all others with nothing.
SERVER = """
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    question, whom = server.recvfrom(4096)
    end = 12
    while question[end]:
        end += 1 + question[end]
    asked = question[12:end + 5]
    is_address = asked[-4:-2] == b"\\0\\1"
    found = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4" + socket.inet_aton(sys.argv[1]) if is_address else b""
    head = question[:2] + b"\\x81\\x80\\0\\1" + (b"\\0\\1" if is_address else b"\\0\\0") + b"\\0\\0\\0\\0"
    server.sendto(head + asked + found, whom)
"""
PLAIN, RESOLVED, MANAGER = "plain resolv.conf", "systemd-resolved", "NetworkManager"
OFF = "systemctl mask -q --now --runtime systemd-resolved NetworkManager; rm -f /etc/resolv.conf"
ON = {
    PLAIN: f"echo nameserver {NEARBY} > /etc/resolv.conf",
    RESOLVED: (
        "systemctl unmask -q --runtime systemd-resolved; systemctl restart systemd-resolved;"
        "ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf"
    ),
    MANAGER: (
        "systemctl unmask -q --runtime NetworkManager; ip addr flush dev eth1; systemctl restart NetworkManager;"
        "nmcli --wait 90 connection up card"
    ),
}
RENEWS = {
    PLAIN: "networkctl renew eth1",
    RESOLVED: "networkctl renew eth1",
    MANAGER: "nmcli device reapply eth1",
}
_numbers = itertools.count()


def gives_addresses_and_answers(gateway: Machine, *servers: str) -> None:
    """Have a gateway's network give addresses and its own name server out; real answers at these addresses."""
    gateway.put(GIVES_ADDRESSES.encode(), "/etc/systemd/network/20-lab.network")
    gateway.root("networkctl reload; networkctl reconfigure eth1; sleep 3")
    gateway.put(SERVER.encode(), "/root/names.py")
    for address in (NEARBY, *servers):
        gateway.root(f"systemd-run -q python3 /root/names.py {address}")
        gateway.root(f"until ss -Hlun | grep -qF '{address}:53 '; do sleep 0.5; done")


def asks_by(laptop: Laptop, resolver: str) -> None:
    """Have a laptop resolve names by this, with an address by DHCP from whoever then has the card."""
    by_manager = resolver == MANAGER
    laptop.machine.root(OFF)
    laptop.machine.put(ONE_CARD.encode(), "/etc/NetworkManager/conf.d/lab.conf")
    laptop.machine.put(CARD.encode(), "/etc/NetworkManager/system-connections/card.nmconnection", mode="600")
    laptop.moves(LEAVES_THE_CARD if by_manager else ASKS_DHCP)
    laptop.machine.root(ON[resolver], timeout=300)
    has_address = "ip -4 -o addr show dev eth1 | grep -q 192.0.2.1"
    written = f"grep -q '^nameserver {NEARBY}$' /etc/resolv.conf" if by_manager else "true"
    laptop.machine.root(
        f"for _ in $(seq 120); do {has_address} && {written} && exit; sleep 1; done; exit 1", timeout=300
    )


def renews(laptop: Laptop, resolver: str) -> None:
    """Ask DHCP once more, which has the resolver told its server anew."""
    laptop.machine.root(RENEWS[resolver], timeout=300)
    time.sleep(5)


def is_told(laptop: Laptop) -> str:
    """Which server answered a question for a name that nobody asked before, by the resolver of the laptop."""
    asked = f"getent ahostsv4 name-{next(_numbers)}.example.org"
    return laptop.machine.ssh(asked, check=False, timeout=300).stdout.partition(" ")[0]
