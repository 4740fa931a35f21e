"""Two private networks joined by a cable: a machine with real firewall rules, and a stranger who sends real packets.

The machine is 10.0.2.15 and 2001:db8:2::15 on eth0; the stranger has public addresses. Both live in network namespaces
of their own, so the machine that runs the tests keeps its network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HIGH, ANY = 40123, 0  # a port that nobody would name, and any port of the stranger's
REPOSITORY = Path(__file__).parents[3]
STRANGERS = {"ipv4": "81.187.201.66", "ipv6": "2a02:77:66::91"}
OWN = {"ipv4": "10.0.2.15", "ipv6": "2001:db8:2::15"}
SETUP = f"""
set -e
mount -t sysfs sysfs /sys
ip link set lo up
unshare --net sleep 300 & echo $! >"$1/stranger"
sleep 0.3
stranger=$(cat "$1/stranger")
ip link add eth0 type veth peer name out0
ip link set out0 netns "$stranger"
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip addr add {OWN["ipv4"]}/24 dev eth0; ip addr add {OWN["ipv6"]}/64 dev eth0; ip link set eth0 up
there() {{ nsenter -t "$stranger" -n "$@"; }}
there sh -c 'echo 0 >/proc/sys/net/ipv6/conf/out0/accept_dad'
there ip addr add 10.0.2.2/24 dev out0; there ip addr add 2001:db8:2::2/64 dev out0
there ip link set out0 up
there ip addr add {STRANGERS["ipv4"]}/32 dev out0; there ip addr add {STRANGERS["ipv6"]}/128 dev out0
# Neighbours are known, so that a firewall which drops their discovery does not look like one that drops connections.
here_mac=$(cat /sys/class/net/eth0/address); there_mac=$(there ip -o link show out0)
there_mac=${{there_mac##*link/ether }}; there_mac=${{there_mac%% *}}
there ip neigh replace {OWN["ipv6"]} lladdr "$here_mac" dev out0 nud permanent
there ip neigh replace {OWN["ipv4"]} lladdr "$here_mac" dev out0 nud permanent
ip neigh replace 2001:db8:2::2 lladdr "$there_mac" dev eth0 nud permanent
ip neigh replace 10.0.2.2 lladdr "$there_mac" dev eth0 nud permanent
ip route add default via 10.0.2.2; ip -6 route add default via 2001:db8:2::2
shift
exec "$@"
"""
# Sent from the stranger's side: what became of a connection.
PROBE = """
import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
probe = socket.socket(family)
probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
probe.bind((sys.argv[1], int(sys.argv[4])))
probe.settimeout(0.7)
try:
    probe.connect((sys.argv[2], int(sys.argv[3])))
    print("accept")
except socket.timeout:
    print("drop")
except ConnectionRefusedError:
    print("reject")
except OSError as problem:
    print(problem)
"""
PROLOGUE = """
import json, os, socket, subprocess, sys
sys.path[:0] = [{collections!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
cases, probe, strangers, own = json.loads({given!r})
stranger = open({folder!r} + "/stranger").read().strip()
open_ports = []
for port in (40123, 617, 51877):
    one = socket.socket(socket.AF_INET6)
    one.bind(("::", port))
    one.listen(50)
    open_ports.append(one)

def packet(version, port, sport):
    argv = ["nsenter", "-t", stranger, "-n", sys.executable, "-c", probe, strangers[version], own[version], str(port)]
    return subprocess.run([*argv, str(sport)], capture_output=True, text=True).stdout.strip()

found = {{}}
for name, commands, port, sport in cases:
    for clear in ("nft flush ruleset", "iptables-legacy -F; iptables-legacy -P INPUT ACCEPT",
                  "ip6tables-legacy -F; ip6tables-legacy -P INPUT ACCEPT"):
        subprocess.run(clear, shell=True, capture_output=True)
    made = subprocess.run(commands, shell=True, capture_output=True, text=True)
    host = Host()
    readings = firewall.observe(host, {addresses!r})
    found[name] = {{"made": made.stderr.strip(), "rc": made.returncode, "children": host.children,
                   "said": {{key: one["effective"] for key, one in readings.items()}},
                   "packets": {{version: packet(version, port, sport) for version in own}}}}
subprocess.run(["kill", stranger])
print(json.dumps(found))
"""


def nft(rules: str, family: str = "inet", policy: str = "drop", more: str = "") -> str:
    """Commands that load one table with an input chain."""
    return (
        f"nft -f - <<'EOF'\ntable {family} guard {{\n{more}\nchain incoming {{\n"
        f"type filter hook input priority filter; policy {policy};\nct state established,related accept\n"
        f"iif lo accept\n{rules}\n}}\n}}\nEOF"
    )


GOOD = nft("tcp dport { 22, 443 } accept")


def visited(
    tmp_path: Path,
    cases: list[tuple[str, str, int, int]],
    addresses: tuple[str, ...] = ("inbound-ipv4", "inbound-ipv6"),
) -> dict[str, Any]:
    """What the driver says and what packets meet, for (name, shell commands, port, the stranger's port)."""
    for program in ("unshare", "nft", "iptables-nft", "iptables-legacy"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            pytest.skip(f"{program} is not installed on this machine")
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    code = PROLOGUE.format(
        collections=str(REPOSITORY / "collections"),
        given=json.dumps([cases, PROBE, STRANGERS, OWN]),
        folder=str(tmp_path),
        addresses=list(addresses),
    )
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", SETUP, "sh", str(tmp_path),
         sys.executable, "-c", code],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if "unshare" in done.stderr and "Operation not permitted" in done.stderr:
        pytest.skip("this machine does not allow network namespaces")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert {name: one["made"] for name, one in found.items() if one["rc"]} == {}
    return found
