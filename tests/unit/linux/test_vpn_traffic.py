"""Questions by a tunnel that nobody uses: whom they ask, and that the kernel counts what comes of them.

Packets go by a cable between two network namespaces. charon's own count, by a tunnel of the kernel's:
tests/vm/test_vpn.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import traffic as tunnel_traffic
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2.traffic import Question

from tests.device_code import LINUX

EVERYTHING = ["0.0.0.0/0", "::/0"]


def sign_in(through: list[str], own: list[str] | None = None, state: str = "INSTALLED") -> dict[str, Any]:
    return {"local-vips": own, "child-sas": {"leeboard-2": {"state": state, "remote-ts": through}}}


@pytest.mark.parametrize(
    ("given", "servers", "asked"),
    [
        (sign_in(EVERYTHING, ["10.99.0.2", "2001:db8:99::2"]), ("10.20.0.53", "2001:db8::53", "10.20.0.54"),
         [Question("10.20.0.53", "10.99.0.2"), Question("2001:db8::53", "2001:db8:99::2")]),
        (sign_in(EVERYTHING, ["2001:db8:99::2"]), ("10.20.0.53", "2001:db8::53"),
         [Question("2001:db8::53", "2001:db8:99::2")]),
        (sign_in(EVERYTHING), ("10.20.0.53",), [Question("10.20.0.53")]),
        (sign_in(EVERYTHING, ["10.99.0.2"]), (), []),
        (sign_in(["10.20.0.0/16[tcp/443]", "10.30.0.0/31"], ["10.99.0.2"]), (),
         [Question("10.30.0.1", "10.99.0.2"), Question("10.30.0.1", "10.99.0.2", 1)]),
        (sign_in(["2001:db8:5::/48"], ["2001:db8:99::2"]), (),
         [Question("2001:db8:5::1", "2001:db8:99::2"), Question("2001:db8:5::1", "2001:db8:99::2", 1)]),
        (sign_in(EVERYTHING, ["10.99.0.2"], "INSTALLING"), ("10.20.0.53",), []),
        ({}, ("10.20.0.53",), []),
    ],
)  # fmt: skip
def test_who_is_asked(given: dict[str, Any], servers: tuple[str, ...], asked: list[Question]) -> None:
    assert tunnel_traffic.questions(given, servers) == asked


def test_no_more_than_a_few_networks_are_asked() -> None:
    found = tunnel_traffic.questions(sign_in([f"10.{one}.0.0/16" for one in range(60)], ["10.99.0.2"]), ())
    assert len({one.address for one in found}) == tunnel_traffic.MOST


SETUP = """
set -e
ip link set lo up
unshare --net sleep 60 & echo $! >"$1/gateway"
sleep 0.3
gateway=$(cat "$1/gateway")
there() { nsenter -t "$gateway" -n "$@"; }
ip link add tunnel address 02:00:00:00:00:0a type veth peer name laptop address 02:00:00:00:00:0b
ip link set laptop netns "$gateway"
ip link set tunnel addrgenmode none
there ip link set laptop addrgenmode none
ip addr add 10.99.0.2/24 dev tunnel; ip addr add 2001:db8:99::2/64 dev tunnel nodad
there ip addr add 10.99.0.1/24 dev laptop; there ip addr add 2001:db8:99::1/64 dev laptop nodad
ip link set tunnel up; there ip link set laptop up
# Neighbours are known: what they would say to find each other is none of the traffic that is counted.
for one in 10.99.0.1 2001:db8:99::1; do ip neigh replace $one lladdr 02:00:00:00:00:0b dev tunnel nud permanent; done
for one in 10.99.0.2 2001:db8:99::2; do
    there ip neigh replace $one lladdr 02:00:00:00:00:0a dev laptop nud permanent
done
ip route add 10.20.0.0/16 via 10.99.0.1; ip -6 route add 2001:db8:5::/48 via 2001:db8:99::1
# Behind the gateway is the school's network. Nobody answers there, and the gateway does not know that either.
there sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
there ip link set lo up
there ip link add inside type veth peer name nobody
there ip link set inside addrgenmode none
there ip addr add 10.20.9.9/16 dev inside; there ip addr add 2001:db8:5::9/48 dev inside nodad
there ip link set inside up; there ip link set nobody up
for one in 10.20.0.1 2001:db8:5::1; do
    there ip neigh replace $one lladdr 02:00:00:00:00:01 dev inside nud permanent
done
shift; exec "$@"
"""
CODE = """
import json, subprocess, sys, time
sys.path.insert(0, {code!r})
from _linux.vpn.ikev2 import traffic as tunnel_traffic
from _linux.vpn.ikev2.traffic import Question

def came_in():
    shown = subprocess.run(["ip", "-j", "-s", "link", "show", "dev", "tunnel"], capture_output=True, text=True).stdout
    return json.loads(shown)[0]["stats64"]["rx"]["packets"]

def answered(question):
    before = -1
    while before != (before := came_in()):  # what a machine says of itself at first has come
        time.sleep(0.3)
    tunnel_traffic.ask(question)
    time.sleep(0.7)
    return came_in() > before

found = [answered(Question(*one)) for one in json.loads({asked!r})]
subprocess.run(["kill", open({folder!r} + "/gateway").read().strip()])
print(json.dumps(found))
"""


def came_in(folder: Path, *asked: Question) -> list[bool]:
    """Whether packets came in by a laptop's tunnel, for each question."""
    code = CODE.format(code=str(LINUX.parent), asked=json.dumps(asked), folder=str(folder))
    argv = ["unshare", "--net", "sh", "-c", SETUP, "sh", str(folder), sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if "unshare" in done.stderr:
        pytest.skip("needs a network namespace of its own")
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_server_that_does_not_serve_names_answers_as_well_and_the_gateway_for_a_network_of_nobody(
    tmp_path: Path,
) -> None:
    four, six = "10.99.0.2", "2001:db8:99::2"
    assert came_in(
        tmp_path,
        Question("10.20.9.9", four), Question("2001:db8:5::9", six),  # nothing listens there: it says so
        Question("10.20.0.1", four), Question("2001:db8:5::1", six),
        Question("10.20.0.1", four, 1), Question("2001:db8:5::1", six, 1),
        Question("10.20.9.9", "10.99.0.77"),  # not this device's address: nothing is sent, and nothing raised
    ) == [True, True, False, False, True, True, False]  # fmt: skip
