"""Questions for names that go through the tunnel: our rules, as the real nft takes and lists them.

Whether packets go there needs a tunnel in the kernel: tests/vm/test_vpn.py.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import nft
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.loading import loading
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import names as tunnel_names
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import words as tunnel_words
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.tunnel import cover as tunnel_cover

from tests.unit.linux.test_vpn_tunnel import BEFORE, RELOAD, RESTART, TEXT, THERE, change, machine, nobody_came

__all__ = ["nobody_came"]
FOUR, SIX = "10.20.0.53", "2001:db8::53"
BOTH = (FOUR, SIX, "10.20.0.54")
NAMED = f"dns:{FOUR} {TEXT}"
RULES = tunnel_names.rules((FOUR,))
NFT = {"/usr/sbin/nft": ""}
ALL = {**THERE, **NFT, tunnel_names.RULES: RULES, tunnel_names.LOADER: tunnel_names.LOADER_TEXT}
LOADS = [["systemctl", "daemon-reload"], [*tunnel_names.LOAD]]
ALL_LOADS = [BEFORE[0], *LOADS, BEFORE[2]]


def in_a_kernel(text: str) -> str:
    """What the kernel has of these rules, as nft lists it; in a network namespace of its own."""
    script = f"nft -f - && nft -f - </dev/null && nft -j list table {tunnel_names.TABLE}"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], input=text, capture_output=True, text=True, check=False
    )
    if "unshare" in done.stderr:
        pytest.skip("needs a network namespace of its own")
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_nft(root: Path, files: dict[str, str | None], listed: Completed) -> Host:
    host = machine(root, files)
    runner: Any = host._runner
    runner.answers["nft -j list table"] = listed

    def runs(argv: list[str], input: str, timeout: float, environment: Any) -> Completed:
        if argv[0] != "unshare":
            answer: Completed = runner(argv, input, timeout, environment)
            return answer
        done = subprocess.run(argv, input=input, capture_output=True, text=True, check=False)
        return Completed(done.returncode, done.stdout, done.stderr)

    host._runner = runs
    return host


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, ...], str]:
    return {servers: in_a_kernel(tunnel_names.rules(servers)) for servers in ((FOUR,), (SIX,), BOTH)}


def test_nft_takes_the_rules_and_what_it_lists_is_what_was_written(
    tmp_path: Path, listed: dict[tuple[str, ...], str]
) -> None:
    for servers, listing in listed.items():
        host = with_nft(tmp_path / servers[0], {}, Completed(0, listing, ""))
        assert tunnel_names.not_loaded(host, servers) == ""
        for other in {*listed, ("10.20.0.99",)} - {servers}:
            if (other[0], len(other)) != (servers[0], len(servers)):
                assert "is not as /etc/swanctl/leeboard-names.nft says" in tunnel_names.not_loaded(host, other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rt ipsec exists ip daddr", "ip daddr"),
        ("th dport 53 dnat", "th dport 5353 dnat"),
        ("10.20.0.53, 10.20.0.54", "10.20.0.53, 192.0.2.53"),
        ('oifname != "lo" meta', 'oifname != "eth0" meta'),
        (" reject", " accept"),
        ("{ tcp, udp }", "tcp"),
        ("policy accept", "policy drop"),
        ("priority dstnat", "priority filter"),
    ],
)
def test_a_rule_that_somebody_changed_in_the_kernel_is_seen(tmp_path: Path, before: str, after: str) -> None:
    rules = tunnel_names.rules(BOTH)
    assert before in rules
    host = with_nft(tmp_path, {}, Completed(0, in_a_kernel(rules.replace(before, after)), ""))
    assert "is not as /etc/swanctl/leeboard-names.nft says" in tunnel_names.not_loaded(host, BOTH)


def test_ipv6_asks_nobody_beside_the_tunnel_and_only_a_tunnel_turns_a_question() -> None:
    four, six, both = (tunnel_names.rules(servers) for servers in ((FOUR,), (SIX,), BOTH))
    turned = [line.strip() for line in both.splitlines() if "dnat" in line]
    assert turned == [
        "rt ipsec exists ip daddr != { 10.20.0.53, 10.20.0.54 } meta l4proto { tcp, udp } th dport 53 dnat ip to "
        "10.20.0.53",
        "rt ipsec exists ip6 daddr != { 2001:db8::53 } meta l4proto { tcp, udp } th dport 53 dnat ip6 to 2001:db8::53",
    ]
    assert 'oifname != "lo" meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 reject' in four
    assert 'oifname != "lo" meta nfproto ipv6 ip6 daddr != { 2001:db8::53 } meta l4proto' in six
    assert "rt ipsec exists meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 reject" in six


def test_our_rules_are_none_of_a_firewall_for_who_comes_in(listed: dict[tuple[str, ...], str]) -> None:
    for listing in listed.values():
        assert {chain.hook for chain in nft.read(listing).ruleset.chains.values()} == {"", "output"}


def test_it_is_written_with_the_tunnel_and_read_back(tmp_path: Path, listed: dict[tuple[str, ...], str]) -> None:
    plan = vpn.dry_run(machine(tmp_path / "new", NFT), change(NAMED))
    assert {edit.path: edit.after for edit in plan.edits} == {path: text.encode() for path, text in ALL.items() if text}
    assert plan.commands == [*ALL_LOADS, RESTART]
    host = with_nft(tmp_path / "there", {**ALL}, Completed(0, listed[(FOUR,)], ""))
    found = vpn.observe(host, ["tunnel"])["tunnel"]
    assert sorted(found["effective"]["value"].split()) == sorted(NAMED.split())
    assert found["running"]["value"] == found["effective"]["value"]
    again = vpn.dry_run(host, change(NAMED))
    assert [edit for edit in again.edits if edit.before != edit.after] == [] and again.commands == []


def test_rules_that_the_kernel_lost_are_seen_and_loaded_again(tmp_path: Path) -> None:
    # `nft flush ruleset`, which a reload of nftables.service begins with, takes all tables away.
    gone = Completed(1, "", "Error: No such file or directory")
    host = with_nft(tmp_path, {**ALL}, gone)
    found = vpn.observe(host, ["tunnel"])["tunnel"]
    assert found["running"]["value"] == "none"
    assert "no rules that send questions for names" in found["running"]["source"]
    assert vpn.dry_run(host, change(NAMED)).commands == [*ALL_LOADS, RELOAD]


@pytest.mark.parametrize("path", [tunnel_names.RULES, tunnel_names.LOADER])
def test_a_file_that_somebody_changed_is_drift_and_written_again(tmp_path: Path, path: str) -> None:
    host = with_nft(tmp_path, {**ALL, path: f"{ALL[path]}#\n"}, Completed(0, '{"nftables": []}', ""))
    assert f"changed:names@{path},1" in vpn.observe(host, ["tunnel"])["tunnel"]["effective"]["value"]
    plan = vpn.dry_run(host, change(NAMED))
    assert [edit.path for edit in plan.edits if edit.before != edit.after] == [path]


def test_they_go_with_the_tunnel_and_where_it_names_no_server(tmp_path: Path) -> None:
    for number, words in enumerate(("none", TEXT)):
        host = with_nft(tmp_path / str(number), {**ALL}, Completed(1, "", ""))
        plan = vpn.dry_run(host, change(words))
        gone = [edit.path for edit in plan.edits if edit.after is None]
        assert {tunnel_names.RULES, tunnel_names.LOADER} <= set(gone)
        assert plan.commands[:4] == ALL_LOADS


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChangeRefused, match="nftables is not installed"):
        vpn.dry_run(machine(tmp_path), change(NAMED))
    some = NAMED.replace(" to:0.0.0.0/0 to:::/0", " to:10.0.0.0/8")
    for text, words in ((some, "through a tunnel for everything only"), (f"{TEXT} dns:x;y", "is no address")):
        with pytest.raises(ChangeRefused, match=words):
            tunnel_words.parse(text)
    assert not (tmp_path / tunnel_names.RULES.lstrip("/")).exists()


def test_a_checkpoint_and_an_undo_load_what_is_there_then(tmp_path: Path) -> None:
    host = with_nft(tmp_path, {**ALL}, Completed(1, "", ""))
    cover = tunnel_cover.cover(host, [])
    assert {tunnel_names.RULES, tunnel_names.LOADER} <= set(cover.files)
    commands = [list(command.argv) for command in cover.commands]
    assert [one for one in commands if one in LOADS] == LOADS
    reload = ["systemctl", "reload", "strongswan.service"]
    assert loading(host, [tunnel_names.RULES])[0] == [[*tunnel_names.LOAD], reload]


@pytest.mark.parametrize("there", [True, False])
def test_the_command_loads_the_file_or_takes_the_table_away(tmp_path: Path, there: bool) -> None:
    rules = tmp_path / "names.nft"
    rules.write_text(RULES)
    load = tunnel_names.LOAD[2].replace(tunnel_names.RULES, str(rules))
    script = f"nft -f {rules} && {'true' if there else f'rm {rules}'} && sh -c '{load.replace(chr(39), chr(34))}' && "
    script += f"nft list tables | grep -c '{tunnel_names.TABLE}' || true"
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("needs a network namespace of its own")
    assert (done.stdout.strip(), done.stderr) == ("1" if there else "0", "")
    assert os.path.exists(rules) is there
