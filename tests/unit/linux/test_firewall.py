"""What strangers meet, where packets do not tell: what the driver says of real rules. Packets: tests/services."""

# ruff: noqa: E501 - a case is easier to compare on one line
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall.rules import Packet

from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.network import ANY, GOOD, HIGH, nft, visited
from tests.unit.linux.own import run


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    cases = [
        ("bytes at a place", nft("@th,8,8 187 accept"), HIGH, ANY),
        ("a mark from before", nft("meta mark 0x1 accept") + "\nnft add chain inet guard early "
         "'{ type filter hook prerouting priority mangle; }'\nnft add rule inet guard early ip saddr 81.0.0.0/8 "
         "meta mark set 0x1", HIGH, ANY),
        ("particular senders", "iptables-nft -P INPUT DROP\niptables-nft -A INPUT -m mac --mac-source 02:00:00:00:00:01 "
         "-j ACCEPT\nip6tables-nft -P INPUT DROP\nip6tables-nft -A INPUT -m recent --name x --rcheck -j DROP", HIGH, ANY),
    ]  # fmt: skip
    found = visited(tmp_path, cases)
    for name in ("bytes at a place", "a mark from before"):
        for version in ("ipv4", "ipv6"):
            aspect = found[name]["said"][f"inbound-{version}"]
            assert aspect["code"] == "failed", name
            assert "of chain incoming in table inet guard cannot be told for TCP to port" in aspect["why"]
    # Some one who may be let in makes it impossible to tell; who is dropped besides changes nothing.
    assert found["particular senders"]["said"]["inbound-ipv4"]["code"] == "failed"
    assert found["particular senders"]["said"]["inbound-ipv6"]["value"] == "drop"


def test_what_leaves_outside_the_vpn(tmp_path: Path) -> None:
    out = (
        "nft -f - <<'EOF'\ntable inet guard {\nchain outgoing {\ntype filter hook output priority 0; policy drop;\n"
        'oifname "wg0" accept\nudp dport 51820 ip daddr 198.51.100.7 accept\noif lo accept\n}\n}\nEOF'
    )
    found = visited(
        tmp_path, [("vpn only", out, HIGH, ANY), ("open", GOOD, HIGH, ANY)], ("outbound-ipv4", "outbound-ipv6")
    )
    assert [one["value"] for one in found["vpn only"]["said"].values()] == ["drop", "drop"]
    assert [one["value"] for one in found["open"]["said"].values()] == ["accept", "accept"]


def test_five_thousand_rules_are_judged_or_refused_in_time(tmp_path: Path) -> None:
    many = "".join(f"ip saddr 10.{at // 250}.{at % 250}.7 tcp dport {at + 1000} accept\n" for at in range(5000))
    (tmp_path / "many.nft").write_text(
        f"table ip guard {{\nchain i {{\ntype filter hook input priority 0; policy drop;\n{many}}}\n}}\n"
    )
    found = visited(tmp_path, [("many", f"nft -f {tmp_path}/many.nft", HIGH, ANY)])["many"]["said"]["inbound-ipv4"]
    assert (found["state"], found["code"]) == ("unreadable", "too_large")
    assert "nft printed more than 1048576 bytes" in found["why"]


RULES = '{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "i", "hook": "input", "prio": 0, "policy": "drop"}}]}'
MACHINE = {
    "/usr/sbin/nft": "",
    "/sys/class/net/eth0/type": "1\n",
    "/proc/net/if_inet6": "",
    "/proc/modules": "nf_tables 1\n",
}


def test_a_program_that_decides_cannot_be_told(tmp_path: Path) -> None:
    # From libnftables-json(5): the kernel that runs the tests has no queues.
    rule = '{"rule": {"family": "inet", "table": "t", "chain": "i", "expr": [{"queue": {"num": 3}}]}}'
    answers = Answers({"nft -j": Completed(0, RULES.replace("]}", f", {rule}]}}"), "")})
    found = effective(firewall, folder(tmp_path, MACHINE, answers), "inbound-ipv4")
    assert (found["code"], "rule 1 of chain i in table inet t cannot be told" in found["why"]) == ("failed", True)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        pytest.param(Completed(0, RULES[:-30], ""), "malformed", "makes no sense", id="cut off"),
        pytest.param(Completed(0, "[]", ""), "malformed", "makes no sense", id="another shape"),
        pytest.param(Completed(0, "", ""), "malformed", "makes no sense", id="nothing"),
        pytest.param(Completed(1, "", "Operation not permitted"), "failed", "Operation not permitted", id="no rights"),
    ],
)
def test_bad_answers_of_nft(tmp_path: Path, answer: Completed, code: str, words: str) -> None:
    found = effective(firewall, folder(tmp_path, MACHINE, Answers({"nft -j": answer})), "inbound-ipv4")
    assert (found["code"], words in found["why"]) == (code, True)


def test_a_slow_nft_is_a_timeout(tmp_path: Path) -> None:
    def slow(_argv: list[str]) -> Completed:
        raise HostError("timeout", "nft gave no answer within 20 s")

    found = effective(firewall, folder(tmp_path, MACHINE, Answers({"nft -j": slow})), "inbound-ipv4")
    assert (found["code"], found["why"]) == ("timeout", "nft gave no answer within 20 s")


def test_without_nft_only_a_drop_of_iptables_counts(tmp_path: Path) -> None:
    saved = "*filter\n:INPUT {} [0:0]\nCOMMIT\n"
    files = {name: text for name, text in MACHINE.items() if name != "/usr/sbin/nft"}
    files["/usr/sbin/iptables-nft-save"] = ""
    for policy, code in (("DROP", None), ("ACCEPT", "missing_tool")):
        answers = Answers({"iptables-nft-save": Completed(0, saved.format(policy), "")})
        found = effective(firewall, folder(tmp_path / policy, files, answers), "inbound-ipv4")
        assert found.get("code") == code
    files["/proc/modules"] = "ext4 1\n"
    assert effective(firewall, folder(tmp_path / "none", files), "inbound-ipv4")["value"] == "accept"


def test_a_machine_without_ipv6(tmp_path: Path) -> None:
    files = {"/usr/sbin/nft": "", "/sys/class/net/eth0/type": "1\n"}
    host = folder(tmp_path, files, Answers({"nft -j": Completed(0, RULES, "")}))
    assert effective(firewall, host, "inbound-ipv6")["value"] == "off"
    files |= {"/proc/net/if_inet6": ""}
    for name, text in (("eth0", "1\n"), ("default", "0\n")):
        files[f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"] = text
    host = folder(tmp_path / "one", files, Answers({"nft -j": Completed(0, '{"nftables": []}', "")}))
    assert effective(firewall, host, "inbound-ipv6")["value"] == "accept"


def test_without_root(tmp_path: Path) -> None:
    host = folder(tmp_path, MACHINE)
    host.is_root = False
    assert {one["effective"]["code"] for one in firewall.observe(host, firewall.ALL).values()} == {"needs_root"}


# After a restart


def restarted(tmp_path: Path, variants: dict[str, list[tuple[str, str | None]]]) -> dict[str, Any]:
    """{variant: {address: aspect}} for files of /etc ({path: text, or None to start the unit of that name})."""
    script = f"""
import shutil
sys.path[:0] = [{str(Path(__file__).parents[3] / "collections")!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall
shutil.copytree("/etc", "/run/etc", symlinks=True)
for name, files in {variants!r}.items():
    for unit in ("multi-user.target.wants/ufw.service", "multi-user.target.wants/firewalld.service",
                 "sysinit.target.wants/nftables.service", "nftables.service.d"):
        path = pathlib.Path("/etc/systemd/system", unit)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    for path in ("ufw/ufw.conf", "ufw/user.rules", "ufw/user6.rules", "default/ufw", "nftables.conf"):
        shutil.copy(f"/run/etc/{{path}}", f"/etc/{{path}}")
    for path, text in files:
        if text is None:
            place = pathlib.Path("/etc/systemd/system/x.target.wants", path)
            place.parent.mkdir(exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to(f"/usr/lib/systemd/system/{{path}}")
        else:
            put(path, text)
    found[name] = {{key: one["effective"] for key, one in firewall.observe(
        Host(), ["after-restart-ipv4", "after-restart-ipv6"]).items()}}
    shutil.rmtree("/etc/systemd/system/x.target.wants", ignore_errors=True)
    pathlib.Path("/etc/systemd/system/school.service").unlink(missing_ok=True)
"""
    return run(tmp_path, script, "nft", "ufw")  # type: ignore[no-any-return]


NFT_FILE = "#!/usr/sbin/nft -f\nflush ruleset\ntable {} g {{\n chain i {{\n type filter hook input priority 0; policy drop;\n{}\n}}\n}}\n"


def test_after_a_restart(tmp_path: Path) -> None:
    on: list[tuple[str, str | None]] = [("nftables.service", None)]
    ufw: list[tuple[str, str | None]] = [("ufw.service", None), ("/etc/ufw/ufw.conf", "ENABLED=yes\n")]
    user = "*filter\n:ufw-user-input - [0:0]\n{}COMMIT\n"
    variants: dict[str, list[tuple[str, str | None]]] = {
        "nothing": [],
        "nftables": [*on, ("/etc/nftables.conf", NFT_FILE.format("inet", "iif lo accept\ntcp dport 22 accept"))],
        "nftables not enabled": [("/etc/nftables.conf", NFT_FILE.format("inet", ""))],
        "nftables as shipped": on,
        "nftables for IPv4": [*on, ("/etc/nftables.conf", NFT_FILE.format("ip", ""))],
        "nftables with a slip": [*on, ("/etc/nftables.conf", NFT_FILE.format("inet", "tcp dprot 22 accept"))],
        "nftables with another file": [
            *on,
            (
                "/etc/systemd/system/nftables.service.d/x.conf",
                "[Service]\nExecStart=\nExecStart=/usr/sbin/nft -f /etc/other\n",
            ),
            ("/etc/other", NFT_FILE.format("inet", "")),
        ],
        "ufw installed": [("ufw.service", None)],
        "ufw": ufw,
        "ufw lets everything in": [*ufw, ("/etc/default/ufw", "IPV6=yes\nDEFAULT_INPUT_POLICY=ACCEPT\n")],
        "ufw rejects": [*ufw, ("/etc/default/ufw", 'IPV6=yes\nDEFAULT_INPUT_POLICY="REJECT"\n')],
        "ufw without IPv6": [*ufw, ("/etc/default/ufw", "IPV6=no\n")],
        "ufw with a rule for all": [
            *ufw,
            ("/etc/ufw/user.rules", user.format("-A ufw-user-input -j ACCEPT -m comment --comment 'x'\n")),
        ],
        "ufw with SSH": [*ufw, ("/etc/ufw/user.rules", user.format("-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n"))],
        "a unit of the school's own": [
            ("/etc/systemd/system/school.service", "[Service]\nExecStart=/usr/sbin/nft -f /root/rules\n"),
            ("school.service", None),
        ],
    }
    found = restarted(tmp_path, variants)
    values = {
        name: tuple(one.get("value", one.get("code")) for one in aspects.values()) for name, aspects in found.items()
    }
    assert values == {
        "nothing": ("accept", "accept"),
        "nftables": ("drop", "drop"),
        "nftables not enabled": ("accept", "accept"),
        "nftables as shipped": ("accept", "accept"),
        "nftables for IPv4": ("drop", "accept"),
        "nftables with a slip": ("failed", "failed"),
        "nftables with another file": ("drop", "drop"),
        "ufw installed": ("accept", "accept"),
        "ufw": ("drop", "drop"),
        "ufw lets everything in": ("accept", "accept"),
        "ufw rejects": ("reject", "reject"),
        "ufw without IPv6": ("drop", "drop"),
        "ufw with a rule for all": ("accept", "drop"),
        "ufw with SSH": ("drop", "drop"),
        "a unit of the school's own": ("failed", "failed"),
    }
    assert "school.service seems to load rules" in found["a unit of the school's own"]["after-restart-ipv4"]["why"]
    assert "syntax error" in found["nftables with a slip"]["after-restart-ipv4"]["why"]
    assert "nothing loads firewall rules" in found["ufw installed"]["after-restart-ipv4"]["source"]


@pytest.mark.parametrize(
    ("stranger", "words"),
    [
        ("81.187.201.66", "the Internet"),
        ("10.211.77.66", "the private network 10.0.0.0/8"),
        ("172.29.201.77", "the private network 172.16.0.0/12"),
        ("192.168.211.77", "the private network 192.168.0.0/16"),
        ("2001:77:66::91", "the Internet"),
        ("fd77:66::91", "the private network fc00::/7"),
        ("fe80::77:66:91", "the same link"),
    ],
)
def test_a_sample_is_told_by_where_it_is_since_its_address_belongs_to_somebody(stranger: str, words: str) -> None:
    family = "ip6" if ":" in stranger else "ip"
    said = [Packet(family, "tcp", 617, stranger, (), "eth0", inbound).text() for inbound in (True, False)]
    assert said == [f"TCP to port 617 by eth0 from {words}", f"TCP by eth0 to {words}, port 617"]
