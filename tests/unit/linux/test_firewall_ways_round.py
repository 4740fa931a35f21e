"""Firewalls as others leave them: ways round the rules for input, other spellings, firewalld's files, and what undoes
rules at the next start. Each case is a state that a package, a manual or a hurried person makes."""

# ruff: noqa: E501 - a case is easier to compare on one line
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.checkpoint import units
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall

from tests.unit.linux.folder import Answers, effective, folder

DROPS = '{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet", "table": "t", "chain": "i", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "wwan0"}}, {"accept": null}]}}]}'
EMPTY = '{"nftables": []}'
MACHINE = {
    "/usr/sbin/nft": "",
    "/sys/class/net/eth0/type": "1\n",
    "/proc/net/if_inet6": "",
    "/proc/modules": "nf_tables 1\n",
}
WANTS = "/etc/systemd/system/multi-user.target.wants"


@pytest.mark.parametrize(("more", "expected"), [({}, "drop"), ({"/sys/class/net/wwan0/device/uevent": ""}, "accept")])
def test_a_modem_is_a_card_and_a_tunnel_is_none(tmp_path: Path, more: dict[str, str | None], expected: str) -> None:
    # qmi_wwan in raw IP mode has ARPHRD_NONE, as WireGuard has.
    files = {**MACHINE, "/sys/class/net/wwan0/type": "65534\n", **more}
    host = folder(tmp_path, files, Answers({"nft -j": Completed(0, DROPS, "")}))
    assert effective(firewall, host, "inbound-ipv4")["value"] == expected


def test_ipv6_that_is_off_until_the_restart(tmp_path: Path) -> None:
    off = {f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6": "1\n" for name in ("eth0", "default")}
    answers = Answers({"nft -j": Completed(0, EMPTY, "")})
    host = folder(tmp_path / "now", {**MACHINE, **off}, answers)
    assert effective(firewall, host, "inbound-ipv6")["value"] == "off"
    assert effective(firewall, host, "after-restart-ipv6")["value"] == "accept"
    kept = {"/etc/sysctl.d/70-no-ipv6.conf": "# off\nnet.ipv6.conf.all.disable_ipv6 = 1\n"}
    host = folder(tmp_path / "kept", {**MACHINE, **off, **kept}, answers)
    assert effective(firewall, host, "after-restart-ipv6")["value"] == "off"
    undone = {"/etc/sysctl.d/90-vendor.conf": "net/ipv6/conf/all/disable_ipv6=0\n"}
    host = folder(tmp_path / "undone", {**MACHINE, **off, **kept, **undone}, answers)
    assert effective(firewall, host, "after-restart-ipv6")["value"] == "accept"


@pytest.mark.parametrize(
    ("files", "linked", "expected"),
    [
        # sysctl.conf(5): systemd-sysctl does not use the file; Ubuntu leads there by a link
        ({"/etc/sysctl.conf": "net.ipv6.conf.all.disable_ipv6=1\n"}, False, "accept"),
        ({"/etc/sysctl.conf": "net.ipv6.conf.all.disable_ipv6=1\n"}, True, "off"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.default.disable_ipv6=1\n"}, False, "off"),
        ({"/run/sysctl.d/a.conf": "net.ipv6.conf.all.disable_ipv6=1\n"}, False, "accept"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.*.disable_ipv6 = 1\n"}, False, "off"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.all.disable_ipv6=1\nnet.ipv6.conf.default.disable_ipv6=0\n"}, False, "accept"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.all.disable_ipv6=1\nnet.ipv6.conf.eth0.disable_ipv6=0\n"}, False, "accept"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.eth0.disable_ipv6=0\nnet.ipv6.conf.all.disable_ipv6=1\n"}, False, "off"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.eth0.disable_ipv6=1\n"}, False, "accept"),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.all.disable_ipv6=1\nnet.ipv6.conf.lo.disable_ipv6=0\n"}, False, "off"),
    ],
)  # fmt: skip
def test_what_keeps_ipv6_off(tmp_path: Path, files: dict[str, str], linked: bool, expected: str) -> None:
    off = {f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6": "1\n" for name in ("eth0", "default")}
    host = folder(tmp_path, {**MACHINE, **off, **files}, Answers({"nft -j": Completed(0, EMPTY, "")}))
    if linked:
        (tmp_path / "etc/sysctl.d").mkdir()
        (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert effective(firewall, host, "after-restart-ipv6")["value"] == expected


def restarted(tmp_path: Path, files: dict[str, str | None], *units: str) -> str:
    given: dict[str, str | None] = {**MACHINE, **files}
    for unit in units:
        given[f"{WANTS}/{unit}"] = ""
        given[f"/usr/lib/systemd/system/{unit}"] = ""
    found = effective(firewall, folder(tmp_path, given), "after-restart-ipv4")
    return f"{found.get('value', found.get('code'))}: {found.get('why', found['source'])}"


SAVED = "*filter\n:INPUT {} [0:0]\n:FORWARD ACCEPT [0:0]\n{}COMMIT\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SAVED.format("DROP", "[4:240] -A INPUT -i lo -j ACCEPT\n[0:0] -A INPUT -p tcp --dport 22 -j ACCEPT\n"), "drop", id="with counters"),
        pytest.param(SAVED.format("DROP", "-A INPUT -p TCP --dport ssh -j ACCEPT\n"), "drop", id="names in the place of numbers"),
        pytest.param(SAVED.format("ACCEPT", "-P INPUT DROP\n"), "drop", id="policy in a line of its own"),
        pytest.param(SAVED.format("DROP", "-P INPUT ACCEPT\n"), "accept", id="policy taken back"),
        pytest.param(SAVED.format("ACCEPT", "-A INPUT -j DROP\n-F INPUT\n"), "accept", id="flushed at the end"),
        pytest.param(SAVED.format("ACCEPT", "-A INPUT -j DROP\n-I INPUT 1 -j ACCEPT\n"), "accept", id="put in at a place"),
        pytest.param(SAVED.format("ACCEPT", "-A INPUT -j DROP\n-I INPUT 2 -j ACCEPT\n"), "drop", id="put in after the drop"),
    ],
)  # fmt: skip
def test_files_that_people_wrote_for_iptables(tmp_path: Path, text: str, expected: str) -> None:
    said = restarted(tmp_path, {"/etc/iptables/rules.v4": text}, "netfilter-persistent.service")
    assert said.startswith(f"{expected}:"), said


PUBLIC = '<?xml version="1.0" encoding="utf-8"?>\n<zone>\n<short>Public</short>\n<service name="ssh"/>\n{}</zone>\n'
TRUSTED = '<zone target="ACCEPT"><short>Trusted</short>{}</zone>\n'
ZONES = "/usr/lib/firewalld/zones"
NETWORKS = "/etc/NetworkManager/system-connections"


def public(inside: str) -> dict[str, str | None]:
    """The zone public as somebody changed it."""
    return {"/etc/firewalld/zones/public.xml": PUBLIC.format(inside)}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, "reject: firewalld's zones public", id="as shipped"),
        pytest.param(public('<port port="8080" protocol="tcp"/>'), "reject:", id="one port"),
        pytest.param(public('<port port="1025-65535" protocol="tcp"/>'), "accept: firewalld's zone public opens tcp 1025-65535", id="as Fedora's workstation"),
        pytest.param(public('<protocol value="udp"/>'), "accept:", id="a whole protocol"),
        pytest.param(public("<rule><accept/></rule>"), "accept:", id="a rich rule for all"),
        pytest.param(public('<rule family="ipv4"><source address="10.20.30.0/24"/><accept/></rule>'), "reject:", id="a rich rule for one network"),
        pytest.param(public('<rule family="ipv6"><accept/></rule>'), "reject:", id="a rich rule for the other family"),
        pytest.param({"/etc/firewalld/zones/trusted.xml": TRUSTED.format('<interface name="eth0"/>')}, "accept: firewalld's zone trusted lets everything in", id="the card is in another zone"),
        pytest.param({"/etc/firewalld/zones/trusted.xml": TRUSTED.format('<source address="10.0.0.0/8"/>')}, "accept:", id="a kind of network is trusted"),
        pytest.param({"/etc/firewalld/zones/trusted.xml": TRUSTED.format('<source address="10.20.30.0/24"/>')}, "reject:", id="one network is trusted"),
        pytest.param({f"{NETWORKS}/Home.nmconnection": "[connection]\nid=Home\nzone=trusted\n"}, "accept:", id="a Wi-Fi network is trusted"),
        pytest.param({"/etc/firewalld/services/game.xml": '<service><port port="1024-65000" protocol="udp"/></service>', **public('<service name="game"/>')}, "accept: firewalld's zone public has the service game", id="a wide service"),
        pytest.param({"/etc/firewalld/policies/in.xml": '<policy target="ACCEPT"><ingress-zone name="ANY"/><egress-zone name="HOST"/></policy>'}, "accept: firewalld's policy in", id="a policy"),
        pytest.param({"/etc/firewalld/direct.xml": '<direct><rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-j ACCEPT</rule></direct>'}, "failed:", id="direct rules"),
        pytest.param(public('<rule><source address="192.0.2.0/24" invert="True"/><accept/></rule>'), "accept:", id="a rich rule for all but one network"),
        pytest.param(public('<rule><source address="0.0.0.0/0" invert="yes"/><accept/></rule>'), "reject:", id="a rich rule for nobody"),
        pytest.param(public('<rule><source mac="00:11:22:33:44:55" invert="True"/><accept/></rule>'), "accept:", id="a rich rule for all but one card"),
        pytest.param(public('<rule><destination address="10.0.0.5"/><accept/></rule>'), "accept:", id="a rich rule for an address of its own"),
        pytest.param(public('<rule family="ipv4"><destination address="224.0.0.251"/><accept/></rule>'), "reject:", id="announcements of the network"),
        pytest.param(public('<forward-port port="1-65535" protocol="tcp" to-port="22"/>'), "accept: firewalld's zone public passes on tcp 1-65535", id="all ports passed on"),
        pytest.param(public('<rule><forward-port port="1-65535" protocol="udp" to-port="53"/></rule>'), "accept:", id="all ports passed on by a rich rule"),
        pytest.param({"/etc/firewalld/services/game.xml": '<service><port port="1024-65000" protocol="udp"/></service>', "/etc/firewalld/services/school.xml": '<service><include service="game"/></service>', **public('<service name="school"/>')}, "accept: firewalld's zone public has the service school", id="a service in a service"),
        pytest.param({"/etc/firewalld/services/a.xml": '<service><include service="a"/></service>', **public('<service name="a"/>')}, "malformed:", id="a service in itself"),
        pytest.param({f"{NETWORKS}/x.nmconnection": "[connection]\ntype=wifi\nzone=\nautoconnect=false\n"}, "reject:", id="a network without a zone"),
        pytest.param({f"{NETWORKS}/x.nmconnection": "[connection]\ntype=wireguard\nzone=trusted\n"}, "reject:", id="the VPN is trusted"),
        pytest.param({"/run/NetworkManager/system-connections/x.nmconnection": "[connection]\ntype=wifi\nzone=trusted\n"}, "accept:", id="a network that netplan made"),
        pytest.param({"/etc/firewalld/zones/public.xml": "<zone>"}, "malformed:", id="cut off"),
        pytest.param({"/etc/firewalld/firewalld.conf": "DefaultZone=trusted\n"}, "accept:", id="another default"),
    ],
)  # fmt: skip
def test_what_firewalld_will_load(tmp_path: Path, files: dict[str, str | None], expected: str) -> None:
    shipped = {f"{ZONES}/public.xml": PUBLIC.format("<forward/>"), f"{ZONES}/trusted.xml": TRUSTED.format("")}
    said = restarted(tmp_path, {**shipped, **files}, "firewalld.service")
    assert said.startswith(expected), said


@pytest.mark.parametrize(
    ("files", "units", "expected"),
    [
        pytest.param({"/etc/NetworkManager/dispatcher.d/50-open": "#!/bin/sh\niptables -F\n"}, ["netfilter-persistent.service"], "failed: it cannot be told whether strangers get through: /etc/NetworkManager/dispatcher.d/50-open seems to take rules away", id="a script flushes"),
        pytest.param({"/etc/rc.local": "#!/bin/sh\n# iptables -F\niptables -A FORWARD -j DROP\n"}, ["netfilter-persistent.service"], "drop:", id="a script adds"),
        pytest.param({"/etc/NetworkManager/dispatcher.d/50-long": "#" * (1024 * 1024 + 1)}, ["netfilter-persistent.service"], "too_large:", id="a script that is not read"),
        pytest.param({"/etc/NetworkManager/dispatcher.d/no-wait.d/x": ""}, ["netfilter-persistent.service"], "drop:", id="a folder of scripts"),
        pytest.param({"/etc/systemd/system/open.service": "[Service]\nExecStart=/usr/sbin/iptables -F\n", "/etc/systemd/system/late.timer": "[Timer]\nOnBootSec=60\nUnit=open.service\n"}, ["netfilter-persistent.service", "late.timer"], "failed: it cannot be told whether strangers get through: /etc/systemd/system/open.service seems to take rules away", id="a timer flushes"),
        pytest.param({"/etc/systemd/system/open.service": "[Service]\nExecStart=/usr/sbin/iptables -F\n", "/etc/systemd/system/late.timer": "[Timer]\nOnBootSec=60\nUnit=open.service\n"}, ["netfilter-persistent.service"], "drop:", id="a timer that is not enabled"),
        pytest.param({"/etc/systemd/system/netfilter-persistent.service": ""}, ["netfilter-persistent.service"], "accept: nothing loads firewall rules", id="an empty file is a mask"),
        pytest.param({}, ["shorewall.service"], "failed: it cannot be told whether strangers get through: shorewall.service seems to load rules", id="another program"),
    ],
)  # fmt: skip
def test_what_others_do_at_the_start(
    tmp_path: Path, files: dict[str, str | None], units: list[str], expected: str
) -> None:
    saved = {"/etc/iptables/rules.v4": SAVED.format("DROP", "")} if "netfilter-persistent.service" in units else {}
    said = restarted(tmp_path, {**saved, **files}, *units)
    assert said.startswith(expected), said


def test_a_unit_that_only_names_a_firewall_loads_nothing(tmp_path: Path) -> None:
    """A checkpoint's unit comes before firewalls: a plan that was made before arming still holds."""
    files = units.unit_files(180, 60, [], ["nftables.service"])
    started = [name for name in (path.rsplit("/", 1)[-1] for path in files) if "nft" in files[f"{units.SYSTEM}/{name}"]]
    assert started == [f"{units.NAME}-start.service"]
    assert restarted(tmp_path, dict(files), *started).startswith("accept: nothing loads firewall rules")


@pytest.mark.parametrize(
    "line", ["ExecStart=/bin/sh -c 'nft -f /root/x'", " ExecStartPost = -/bin/true \\\n  && nft x"]
)
def test_a_unit_that_runs_one_may_load_anything(tmp_path: Path, line: str) -> None:
    unit = {f"{units.SYSTEM}/school.service": f"[Unit]\nAfter=nftables.service\n[Service]\n{line}\n"}
    assert "school.service seems to load rules" in restarted(tmp_path, unit, "school.service")
