"""The key of a device's tunnel of WireGuard, and the rules of nftables that come with it, in a kernel.

Keys are made and read by the real wg where it is installed.
"""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import nft
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import nft_table
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import conf as wireguard_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import key as wireguard_key
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import make as wireguard_make
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import words as wireguard_words

from tests.unit.estate.vpn.declared import GATEWAY_KEY
from tests.unit.linux.folder import folder
from tests.unit.linux.test_vpn_wireguard import ALL, BOTH, KEY_FILE, SECRET, SOME, laptop
from tests.wireguard_tools import wg


def test_the_key_is_made_once_and_is_in_no_answer(tmp_path: Path) -> None:
    """With the real wg: its private half is in the file alone, and the public half is what wg makes of it."""
    wg("genkey")
    asked: list[str] = []

    def runs(argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        done = subprocess.run(argv, input=input, capture_output=True, text=True, check=False)
        asked.extend([*argv, done.stdout, done.stderr])
        return Completed(done.returncode, done.stdout, done.stderr)

    host = folder(tmp_path, {"/usr/bin/wg": "", "/usr/bin/wg-quick": ""}, runs)
    made, public = wireguard_make.make(host, [])
    path = tmp_path / KEY_FILE.lstrip("/")
    private = path.read_text().strip()
    assert made and wg("pubkey", given=private).strip() == public
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert private not in "\n".join(asked) and sorted(one.name for one in path.parent.iterdir()) == ["leeboard.key"]
    assert wireguard_make.make(host, []) == (False, public)
    again = wireguard_make.make(host, [public])
    assert again[0] and again[1] not in ("", public) and path.read_text().strip() != private
    path.chmod(0o644)
    exposed = path.read_text()
    assert wireguard_key.public_key(host) == ""
    assert wireguard_make.make(host, [])[0] and path.read_text() != exposed


def test_whether_the_gateway_answers_is_asked_by_an_interface_that_goes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wireguard_key, "PATIENCE", 0.0)
    peer = wireguard_words.parse(SOME)
    for shown, answers in ((f"{GATEWAY_KEY}\t0\n", False), (f"{GATEWAY_KEY}\t4102444800\n", True), ("", False)):
        root = tmp_path / str(len(shown))
        more: Any = {
            "ip_link": Completed(0, "", ""), "wg_set": Completed(0, "", ""),
            "latest-handshakes": Completed(0, shown, ""),
        }  # fmt: skip
        host = laptop(root, **more)
        assert wireguard_key.answered(host, peer) is answers
        runner: Any = host._runner
        assert [argv[:3] for argv in runner.asked if argv[0] == "ip"] == [
            ["ip", "link", "add"], ["ip", "link", "set"], ["ip", "link", "delete"],
        ]  # fmt: skip
        told = next(argv for argv in runner.asked if argv[:2] == ["wg", "set"])
        assert SECRET not in " ".join(told) and "allowed-ips" not in told
        assert told[told.index("fwmark") + 1] == str(wireguard_conf.MARK), "past a tunnel whose gateway is gone"


def test_an_interface_that_a_killed_trial_left_is_taken_away_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wireguard_key, "PATIENCE", 0.0)
    more: Any = {
        "ip_link": Completed(0, "", ""), "wg_set": Completed(0, "", ""), "latest-handshakes": Completed(0, "", ""),
    }  # fmt: skip
    left = f"/sys/class/net/{wireguard_key.TRIAL}/uevent"
    host = laptop(tmp_path, {left: "DEVTYPE=wireguard\n"}, **more)
    assert not wireguard_key.answered(host, wireguard_words.parse(SOME))
    runner: Any = host._runner
    assert [argv[2] for argv in runner.asked if argv[0] == "ip"] == ["delete", "add", "set", "delete"]


def test_a_kernel_without_it_says_so(tmp_path: Path) -> None:
    more: Any = {"ip_link": Completed(2, "", "Error: Unknown device type.\n")}
    with pytest.raises(ChangeRefused, match="this kernel has no WireGuard"):
        wireguard_key.answered(laptop(tmp_path, **more), wireguard_words.parse(SOME))


# The rules, in a kernel


def in_a_network(script: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("needs a network namespace of its own")
    return done


@pytest.mark.parametrize(
    "words", [ALL, BOTH, ALL.replace("10.20.0.53", "2001:db8::53").replace("10.99.0.2", "fd00::2")]
)
def test_nft_takes_the_rules_and_none_is_a_firewalls_for_who_comes_in(words: str) -> None:
    rules = wireguard_conf.rules(wireguard_words.parse(words))
    # As wg-quick runs them, by eval.
    up = f"nft '{rules}' && nft -j list table {wireguard_conf.TABLE}"
    done = in_a_network(f"{up} && nft '{wireguard_conf.WITHOUT}' && nft list tables >&2")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    listed = json.loads(done.stdout)["nftables"]
    turned = [expr["dnat"]["addr"] for one in listed for expr in one.get("rule", {}).get("expr", []) if "dnat" in expr]
    assert turned == [*wireguard_words.parse(words).dns]
    chains = nft.read(done.stdout).ruleset.chains.values()
    assert {chain.hook for chain in chains} <= {"", "output", "postrouting", "input"}


def changed(before: str, after: str) -> Callable[[str], str]:
    """Rules that somebody changed by hand; it has to be something of theirs."""

    def change(rules: str) -> str:
        assert before in rules
        return rules.replace(before, after)

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (str, True),
        (changed("{ ", "{\n"), True),
        (changed("dport { 67, 547 }", "dport { 547, 67 }"), True),
        (changed(" drop;", " accept;"), False),
        (changed(" reject;", " accept;"), False),
        (changed("policy accept", "policy drop"), False),
        (changed("dnat ip to 10.20.0.53", "dnat ip to 10.20.0.54"), False),
        (changed("ct direction original meta mark", "meta mark"), False),
        (changed(f"mark set {wireguard_conf.MARK}", "mark set 1"), False),
        (changed("priority mangle", "priority raw"), False),
        (changed("udp dport { 67, 547 } accept;", "accept; udp dport { 67, 547 } accept;"), False),
        (changed('"lo", "leeboard" } accept', '"lo", "leeboard", "eth0" } accept'), False),
    ],
)
def test_rules_of_the_kernel_are_compared_by_what_they_say(change: Callable[[str], str], says: bool) -> None:
    rules = wireguard_conf.rules(wireguard_words.parse(ALL))
    done = in_a_network(f"nft -f - <<'EOF' && nft -j list table {wireguard_conf.TABLE}\n{change(rules)}\nEOF")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert nft_table.says(Host(), wireguard_conf.TABLE, rules, done.stdout) is says


def test_rules_that_cannot_be_listed_are_no_drift() -> None:
    with pytest.raises(HostError, match="in a network of its own"):
        nft_table.says(Host(), wireguard_conf.TABLE, "table inet other {}", "{}")


ANSWERS = """
import socket, sys
server = socket.socket(); server.bind(("192.0.2.2", 2223)); server.listen(); server.settimeout(30)
print("listens", flush=True)
came, whom = server.accept(); came.sendall(b"answer"); came.close()
"""
ASKS = """
import socket
asking = socket.socket(); asking.settimeout(5); asking.bind(("203.0.113.77", 0))
asking.connect(("192.0.2.2", 2223)); print(asking.recv(9).decode())
"""
# wg-quick's routes, with a card that swallows all in the place of a tunnel whose gateway does not answer.
NETWORK = """
set -e
unshare --net sleep 600 & other=$!
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.1; done
trap 'kill $other' EXIT
ip link add eth9 type veth peer name eth1 netns $other
ip link set lo up; ip addr add 192.0.2.2/24 dev eth9; ip link set eth9 up; ip route add default via 192.0.2.1
in="nsenter --net=/proc/$other/ns/net"
$in sh -c 'ip addr add 192.0.2.1/24 dev eth1; ip link set lo up; ip link set eth1 up'
$in ip addr add 203.0.113.77/32 dev lo
ip link add leeboard type veth peer name hole; ip link set hole up; ip link set leeboard arp off
ip addr add 10.99.0.2/32 dev leeboard; ip link set leeboard up
ip route add default dev leeboard table 51820; ip rule add not fwmark 51820 table 51820
ip rule add table main suppress_prefixlength 0; sysctl -qw net.ipv4.conf.all.src_valid_mark=1
"""


@pytest.mark.parametrize("with_rules", [True, False])
def test_who_came_by_another_card_is_answered_there(tmp_path: Path, with_rules: bool) -> None:
    """A technician from another network is not cut off, which without the rules he is."""
    (tmp_path / "answers.py").write_text(ANSWERS)
    (tmp_path / "asks.py").write_text(ASKS)
    rules = wireguard_conf.rules(wireguard_words.parse(ALL))
    up = f"nft '{rules}'" if with_rules else ":"
    script = (
        f"{NETWORK}{up}\npython3 {tmp_path}/answers.py > {tmp_path}/said & server=$!\n"
        f"until grep -q listens {tmp_path}/said; do sleep 0.1; done\n"
        f"$in python3 {tmp_path}/asks.py || echo none\nkill $server\n"
    )
    done = in_a_network(script)
    assert done.stdout.strip() == ("answer" if with_rules else "none"), done.stderr


NEARBY = """
import socket
server = socket.socket(); server.bind(("192.0.2.1", 2224)); server.listen(); server.settimeout(40)
print("listens", flush=True)
while True:
    came, whom = server.accept(); came.sendall(b"answer"); came.close()
"""
# By its routes, and bound to its card, which goes by no route.
ASKS_NEARBY = """
import socket
for card in (b"", b"eth9"):
    asking = socket.socket(); asking.settimeout(5)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, card)
    try:
        asking.connect(("192.0.2.1", 2224)); print(asking.recv(9).decode())
    except OSError:
        print("none")
"""


@pytest.mark.parametrize("with_rules", [True, False])
def test_the_network_nearby_is_not_reached_beside_the_tunnel(tmp_path: Path, with_rules: bool) -> None:
    """wg-quick's routes alone leave it beside the tunnel, with all that a stranger's DHCP says is nearby."""
    (tmp_path / "nearby.py").write_text(NEARBY)
    (tmp_path / "asks.py").write_text(ASKS_NEARBY)
    up = f"nft '{wireguard_conf.rules(wireguard_words.parse(ALL))}'" if with_rules else ":"
    script = (
        f"{NETWORK}{up}\n$in python3 {tmp_path}/nearby.py > {tmp_path}/said & server=$!\n"
        f"until grep -q listens {tmp_path}/said; do sleep 0.1; done\npython3 {tmp_path}/asks.py\nkill $server\n"
    )
    done = in_a_network(script)
    assert done.stdout.split() == [("none" if with_rules else "answer")] * 2, done.stderr


ECHOES = """
import socket, threading
server = socket.socket(); server.bind(("192.0.2.2", 2222)); server.listen()
print("listens", flush=True)
def echo(came):
    while content := came.recv(9):
        came.sendall(content)
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
"""
# One connection for all, and a new one, at each step: before the rules, with them, and when they are taken away.
CONTROLLER = """
import socket, sys
def connected():
    made = socket.socket(); made.settimeout(5); made.connect(("192.0.2.2", 2222)); return made
def answered(made):
    made.sendall(b"ssh"); return made.recv(9) == b"ssh"
stands = connected()
for step in sys.stdin:
    print(answered(stands), answered(connected()), flush=True)
"""


@pytest.mark.parametrize(("more", "works"), [("", "True True"), (" add rule inet away out tcp sport 2222 drop;", "")])
def test_a_controller_on_the_cable_stays_and_gets_in_anew_while_rules_come_and_go(
    tmp_path: Path, more: str, works: str
) -> None:
    """As SSH does while a roll-out loads the tunnel. With a rule that drops the answers the test has to see it."""
    (tmp_path / "echoes.py").write_text(ECHOES)
    (tmp_path / "controller.py").write_text(CONTROLLER)
    rules = wireguard_conf.rules(wireguard_words.parse(ALL))
    chain = "add table inet away; add chain inet away out { type filter hook output priority 0; };"
    script = (
        f"{NETWORK}python3 {tmp_path}/echoes.py > {tmp_path}/said & server=$!\n"
        f"until grep -q listens {tmp_path}/said; do sleep 0.1; done\nmkfifo {tmp_path}/steps\n"
        f"$in python3 {tmp_path}/controller.py < {tmp_path}/steps > {tmp_path}/answers 2>/dev/null & asks=$!\n"
        f"exec 9> {tmp_path}/steps\n"
        "step() { echo >&9; n=0; while [ $(wc -l < " + f"{tmp_path}/answers" + ") -lt $1 ] && kill -0 $asks 2>&-; "
        "do sleep 0.1; done; }\n"
        f"step 1\nnft '{rules}'\n{f"nft '{chain}{more}'" if more else ':'}\nstep 2\n"
        f"nft '{wireguard_conf.WITHOUT}'\n{':' if more else 'step 3'}\n"
        f"exec 9>&-; kill $server; cat {tmp_path}/answers\n"
    )
    done = in_a_network(script)
    assert done.stdout.splitlines() == ["True True", *([works] * 2 if works else [])], done.stderr
