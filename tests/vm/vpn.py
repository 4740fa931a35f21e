"""A gateway and a laptop of the lab on one cable, for tests of the VPN.

The gateway's strongSwan is set up here by hand: nothing of Leeboard's own wrote it.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
from pathlib import Path
from typing import Any

from tests.device_code import linux_files

from .authority import SERVER, Authority
from .machine import Machine

GATEWAY, LAPTOP = "vpn.school.example", "lt-014.school.example"
SPIS = re.compile(r"IKEv2, ([0-9a-f]{16}_i)")  # how swanctl --list-sas tells one agreement from the next
SUITE = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384")
INSIDE = ("198.18.0.1", "2001:db8:ff::1")  # what is asked through the tunnel
CONNECTION = """
connections { road {
  version = 2
  pools = %(pools)s
  proposals = %(ike)s
  unique = replace
  local { auth = pubkey
    certs = gateway.pem
    id = %(name)s
  }
  remote { auth = pubkey
    cacerts = ca.pem
    revocation = %(revocation)s
  }
  children { net { local_ts = 0.0.0.0/0, ::/0
    esp_proposals = %(esp)s
  } }
} }
pools {
  four { addrs = 10.99.0.0/24
  }
  six { addrs = 2001:db8:99::/120
  }
}
"""
# Addresses, routing and counters of the gateway: there before its charon, at each start. After a power cut its card was
# once seen to come later than systemd was ready to wait for it.
ADDRESSES = f"""#!/bin/sh
set -e
until ip link set eth1 up; do sleep 1; done
ip addr add 192.0.2.1/24 dev eth1
ip addr add 2001:db8:1::1/64 dev eth1 nodad
ip addr add 198.51.100.1/24 dev eth1
ip addr add {INSIDE[0]}/32 dev lo
ip addr add {INSIDE[1]}/128 dev lo
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
nft -f /etc/lab.nft
"""
AT_EACH_START = """
[Unit]
Before=strongswan.service
After=sys-subsystem-net-devices-eth1.device
Wants=sys-subsystem-net-devices-eth1.device
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/local/sbin/lab-addresses
[Install]
WantedBy=multi-user.target
"""
# What was in the tunnel comes by this hook once more, as what it was.
COUNTED = """
table netdev lab {
  counter c_esp {}
  counter c_other {}
  chain in { type filter hook ingress device "eth1" priority 0;
    meta secpath exists accept
    meta protocol arp accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
    udp dport 4500 @th,64,32 != 0 counter name "c_esp" accept comment "what IKE sends there begins with 32 zeros"
    udp dport { 67, 500, 4500 } accept
    meta l4proto esp counter name "c_esp" accept
    counter name "c_other" log prefix "BESIDE "
  }
}
"""
# Another network, whose router is the gateway as well.
ELSEWHERE = """[Match]
Name=eth1
[Network]
Address=198.51.100.2/24
IPv6AcceptRA=no
[Route]
Gateway=198.51.100.1
Metric=10
"""
# The lab's own SSH comes by the other card, and stays there.
SSH_STAYS = "[RoutingPolicyRule]\nFrom=10.0.2.15\nPriority=100\nTable=main\n"
AWAY = """[Match]
Name=eth1
[Network]
Address=192.0.2.2/24
Address=2001:db8:1::2/64
IPv6AcceptRA=no
[Route]
Gateway=192.0.2.1
Metric=10
[Route]
Gateway=2001:db8:1::1
"""
CODE = """
import hashlib, json, sys
sys.path.insert(0, "/root/code")
from _linux.checkpoint import arm, covers, ending
from _linux.engine.change import apply
from _linux.engine.host import Host
from _linux.vpn import driver
from _linux.vpn.certificate import install as certificate_install
from _linux.vpn.certificate import pair as certificate
from _linux.vpn.certificate import request as certificate_request
host, given = Host(), json.load(sys.stdin)
"""
ASK = 'print(json.dumps(certificate_request.request(host, given["name"], "P-384")[1]))'
INSTALL = """
sent = certificate_install.Given(given["certificate"], given["authorities"], given["revoked"])
certificate_install.install(host, sent, given["name"], False)
print(json.dumps(certificate_install.settle(host, "leeboard")))
"""
TUNNEL = """
changes = [{"address": "tunnel", "value": given["tunnel"]}]
cover, left_out = covers.covers_of(host, [{"driver": "vpn", "settings": changes}])
digest = hashlib.sha256(b"only we know").hexdigest()
arm.arm(host, arm.Request(given["run"], "the lab", digest, cover))
host.forget()
outcome = apply(driver, host, changes, given["run"])
ending.confirm(Host(), "only we know")
print(json.dumps([left_out, outcome["after"]["tunnel"]]))
"""
READ = 'print(json.dumps(driver.observe(host, ["tunnel"])["tunnel"]))'
READ_CERTIFICATE = 'print(json.dumps(driver.observe(host, ["certificate"])["certificate"]))'


SERVER_OF_NAMES = """
import socket, sys
server = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    _question, whom = server.recvfrom(999)
    server.sendto(sys.argv[1].encode(), whom)
"""
QUESTION = """
import socket, sys
asking = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(20)
try:
    asking.connect((sys.argv[1], 53))
    asking.send(b"?")
    print(asking.recv(999).decode())
except OSError:
    pass
"""


class Gateway:
    """The school's end."""

    def __init__(self, machine: Machine, authority: Authority) -> None:
        self.machine, self.authority = machine, authority
        machine.put(ADDRESSES.encode(), "/usr/local/sbin/lab-addresses")
        machine.put(COUNTED.encode(), "/etc/lab.nft")
        machine.put(AT_EACH_START.encode(), "/etc/systemd/system/lab-addresses.service")
        machine.root("systemctl daemon-reload; systemctl enable -q lab-addresses; systemctl start lab-addresses")

    def restarts(self, orderly: bool) -> None:
        """Restart as a machine, by a command or by a power cut; charon comes with it, and nobody starts it."""
        self.machine.root("systemctl enable -q strongswan; sync")
        if orderly:
            self.machine.reboot()
        else:
            self.machine.power_cut()
            self.machine.start()
            self.machine.wait_for_ssh()

    def offers(
        self,
        pair: tuple[str, str] | None = None,
        suite: tuple[str, str] = SUITE,
        name: str = GATEWAY,
        pools: str = "four, six",
        revoked: str = "",
        revocation: str = "relaxed",
    ) -> None:
        """Run with this certificate and key, suite, name and addresses to give, and with this list, if one is given."""
        certificate, key = pair or self.authority.issue(name, SERVER)
        words = {"pools": pools, "ike": suite[0], "esp": suite[1], "name": name, "revocation": revocation}
        folder = "/etc/swanctl"
        for path, text in (
            ("x509/gateway.pem", certificate), ("private/gateway.pem", key),
            ("x509ca/ca.pem", self.authority.certificate), ("x509crl/list.pem", revoked),
            ("conf.d/road.conf", CONNECTION % words),
        ):  # fmt: skip
            if text:
                self.machine.put(text.encode(), f"{folder}/{path}")
        self.machine.root("systemctl restart strongswan", timeout=300)

    def loses_the_link(self, seconds: float) -> None:
        """Have no cable for so long."""
        self.machine.root("ip link set eth1 down")
        time.sleep(seconds)
        self.machine.root("ip link set eth1 up; ip addr add 2001:db8:1::1/64 dev eth1 nodad", timeout=300)

    def answers_all_but(self, rules: str) -> None:
        """Load rules as the export for a gateway has them."""
        self.machine.root("nft -f -", input=rules)

    def answers_names(self, *servers: str) -> None:
        """Answer whatever is asked of these addresses on port 53 (UDP) with the address that was asked."""
        self.machine.put(SERVER_OF_NAMES.encode(), "/root/names.py")
        for address in servers:
            self.machine.root(f"systemd-run -q python3 /root/names.py {address}")
            there = f"[{address}]" if ":" in address else address
            self.machine.root(f"until ss -Hlun | grep -qF '{there}:53 '; do sleep 0.5; done")

    def counted(self) -> dict[str, int]:
        """Packets that came by the cable: `esp`, and `other` than that and what any network needs."""
        listed = self.machine.root("nft list counters netdev").stdout
        return {name: int(count) for name, count in re.findall(r"counter c_(\w+) {\s+packets (\d+)", listed)}


class Laptop:
    """The device, with Leeboard's code for devices on it."""

    def __init__(self, machine: Machine, authority: Authority) -> None:
        self.machine, self.authority = machine, authority
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, place in linux_files().items():
                archive.add(path, place)
        machine.root("mkdir -p /root/code && tar -x -C /root/code", input=buffer.getvalue())
        machine.put(SSH_STAYS.encode(), "/etc/systemd/network/10-lab.network.d/ssh.conf")
        machine.put(AWAY.encode(), "/etc/systemd/network/20-away.network")
        machine.root("networkctl reload")

    def does(self, code: str, **given: Any) -> Any:
        """What a piece of the device's code answers."""
        self.machine.put((CODE + code).encode(), "/root/does.py")
        done = self.machine.root("python3 /root/does.py", input=json.dumps(given), timeout=900)
        return json.loads(done.stdout)

    def gets(self, certificate: str = "", revoked: str = "", **parts: Any) -> list[Any]:
        """A certificate by way of a request: [whether something changed, why it waits]."""
        request = self.does(ASK, name=LAPTOP)
        text = certificate or self.authority.sign(request, LAPTOP, **parts)
        sent = {"certificate": text, "authorities": [self.authority.certificate], "revoked": revoked, "name": LAPTOP}
        found: list[Any] = self.does(INSTALL, **sent)
        return found

    def words(self, suite: tuple[str, str] = SUITE, dns: str = "") -> str:
        """The tunnel that the school declares, with its server for names if one is given."""
        return (
            f"gateway:{GATEWAY}@192.0.2.1 ike:{suite[0]} esp:{suite[1]} identity:{LAPTOP} "
            f"authority:{self.authority.sha256} to:0.0.0.0/0 to:::/0" + (f" dns:{dns}" if dns else "")
        )

    def is_told(self, server: str) -> str:
        """The answer to a question for a name that is sent to this server; empty for none."""
        self.machine.put(QUESTION.encode(), "/root/question.py")
        return self.machine.root(f"python3 /root/question.py {server}", check=False).stdout.strip()

    def moves(self, network: str) -> None:
        """Be in another network, by the text of networkd's file for it."""
        self.machine.put(network.encode(), "/etc/systemd/network/20-away.network")
        self.machine.root("networkctl reload; networkctl reconfigure eth1")

    def waits_for_no_tunnel(self, timeout: float = 600) -> None:
        """Until nothing is up any more, by nobody's doing, and something inside is reached all the same."""
        deadline = time.monotonic() + timeout
        while "INSTALLED" in self.sas() or not self.reaches(INSIDE[0]):
            assert time.monotonic() < deadline, self.sas()
            time.sleep(2)

    def sas(self) -> str:
        """What charon's own program says of tunnels that are up."""
        return self.machine.root("swanctl --list-sas 2>/dev/null").stdout

    def waits_for_the_tunnel(self, timeout: float = 600) -> str:
        """What is up, as soon as it is, by nobody's doing."""
        deadline = time.monotonic() + timeout
        while "INSTALLED" not in (found := self.sas()):
            log = self.machine.root("journalctl -b -u strongswan -o cat | tail -30").stdout
            assert time.monotonic() < deadline, log
            time.sleep(2)
        return found

    def waits_for_another_tunnel(self, than: str, timeout: float = 900) -> None:
        """Until one is up that was agreed on anew, by nobody's doing; `than`: what `sas` said of the one before."""
        old = set(SPIS.findall(than))
        assert old
        deadline = time.monotonic() + timeout
        while not (new := set(SPIS.findall(found := self.sas()))) or new & old or "INSTALLED" not in found:
            assert time.monotonic() < deadline, found
            time.sleep(2)

    def reaches(self, address: str) -> bool:
        """Whether something inside answers."""
        line = f"timeout 20 bash -c 'head -c 4 < /dev/tcp/{address}/22'"
        return self.machine.ssh(line, check=False).stdout == "SSH-"

    def fails_to_begin(self) -> str:
        """Begin the tunnel by hand; what charon says of it when there is none afterwards."""
        self.machine.root("swanctl --terminate --ike leeboard --force --timeout 5 2>/dev/null", check=False)
        begun = "swanctl --initiate --child leeboard --timeout 60 2>&1"
        said = self.machine.root(begun, check=False, timeout=300)
        assert said.returncode != 0 and "INSTALLED" not in self.sas(), said.stdout
        # charon may have begun by itself already: then its log has why, and not what was begun by hand.
        return said.stdout + self.machine.root("journalctl -b -u strongswan -o cat | tail -60").stdout


def pair(start: Any, folder: Path, authority: Authority) -> tuple[Gateway, Laptop]:
    """Both machines, switched on; `start` is the fixture new_machine."""
    from .qemu import Cable

    ends = Cable.pair(folder)
    first, second = (start("gnome", cables=(end,)) for end in ends)
    return Gateway(first, authority), Laptop(second, authority)
