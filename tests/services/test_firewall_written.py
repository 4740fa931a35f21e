"""A firewall that is written: real packets at what nftables and ufw then have, by IPv4 and IPv6."""

from __future__ import annotations

from pathlib import Path

from tests.services.firewalled import firewalled

OPEN = {
    "inbound-ipv4": "accept", "inbound-ipv6": "accept", "after-restart-ipv4": "accept", "after-restart-ipv6": "accept",
    "management": "none", "openings": "none", "services": "none",
}  # fmt: skip
SHUT = {name: "drop" for name in OPEN if "ipv" in name}
MANAGEMENT = "10.20.0.0/16 2001:db8:5::/64"
FILES = ["/etc/leeboard/firewall.nft", "/etc/systemd/system/leeboard-firewall.service"]
BY_MANAGEMENT = {"10.20.0": "accept", "10.77.0": "drop", "2001:db8:5:": "accept", "2001:db8:77:": "drop"}
NOBODY = dict.fromkeys(BY_MANAGEMENT, "drop")
NFTABLES = """
found["before"] = says()
sh("nft add table inet other; nft add chain inet other away; nft add rule inet other away tcp dport 9 drop")
sshd_double(2222)
held = [listen(port) for port in (443, 7000)]
# Connections that are there before: one that this machine made, and below one that it took.
CLIENT = '''
import socket, sys
if sys.argv[1] == "wait":
    door = socket.socket(); door.bind(("10.77.0.9", 9000)); door.listen(); print("here", flush=True)
    one, _who = door.accept()
else:
    one = socket.create_connection(("10.77.0.15", 443), source_address=("10.77.0.9", 0)); print("here", flush=True)
while True: one.sendall(one.recv(9).upper())
'''
def client(how):
    argv = ["nsenter", "-t", OTHER, "-n", sys.executable, "-c", CLIENT, how]
    subprocess.Popen(argv, stdout=subprocess.PIPE, text=True).stdout.readline()

def echo(one):
    one.settimeout(20)
    one.sendall(b"still")
    return one.recv(9).decode()

client("wait")
made = socket.create_connection(("10.77.0.9", 9000))
found["written"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16 udp:5000", services="mdns")
found["says"] = says()
found["made"] = echo(made)
client("come")
took, _who = held[0].accept()
# Neighbours are asked for anew.
sh("ip -6 neigh flush dev eth0"); there_sh("ip -6 neigh flush dev out0")
found["ssh"], found["web"], found["shut"] = connects(2222), connects(443), connects(7000)
found["ping"] = [there(PING, f"{net}9", f"{net}15") for net in ("10.77.0.", "2001:db8:77::")]
mine, theirs = link_local(sh), link_local(there_sh)
found["dhcp"] = [arrives(theirs, 547, mine, 546, "out0"), arrives("2001:db8:77::9", 547, "2001:db8:77::15", 546)]
mdns = ("10.77.0.9", 5353, "224.0.0.251", 5353), ("2001:db8:77::9", 5353, "ff02::fb", 5353, "out0")
found["mdns"] = [arrives(*one, group=one[2]) for one in mdns]
found["udp"] = [arrives("10.77.0.9", 4000, "10.77.0.15", port) for port in (5000, 5001)]
found["again"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16 udp:5000", services="mdns")
found["others"] = sh("nft list table inet other").stdout.count("tcp dport 9 drop")
found["change"] = write(management=MANAGEMENT, openings="none", services="none")
found["took"], found["made later"] = echo(took), echo(made)
found["web later"] = connects(443)
found["no mdns"] = [arrives(*one, group=one[2]) for one in mdns]
# The next start: the unit's command where there is nothing yet.
unit = (UNITS / "leeboard-firewall.service").read_text()
start = [line for line in unit.splitlines() if line.startswith("ExecStart")]
later = sh(f"unshare -n sh -c '{start[0].partition('=')[2]} && nft list ruleset'").stdout
found["restarted"] = later == sh("nft list table inet leeboard").stdout
"""


def test_what_packets_meet_at_our_table(tmp_path: Path) -> None:
    found = firewalled(tmp_path, NFTABLES, "nft")
    assert found["before"] == OPEN
    edits, commands = found["written"]
    assert edits == FILES
    assert commands == [
        "systemctl daemon-reload",
        "systemctl enable leeboard-firewall.service",
        "systemctl restart leeboard-firewall.service",
    ]
    words = {"management": MANAGEMENT, "openings": "tcp:443@10.77.0.0/16 udp:5000", "services": "mdns"}
    assert found["says"] == {**SHUT, **words}
    assert [found[one] for one in ("made", "took", "made later")] == ["STILL"] * 3
    assert found["web later"] == NOBODY
    assert found["ssh"] == BY_MANAGEMENT
    assert found["web"] == {**NOBODY, "10.77.0": "accept"}
    assert found["shut"] == NOBODY
    assert found["ping"] == ["answered", "answered"]
    assert found["dhcp"] == [True, False]  # an answer of a server on the cable, and a stranger's packet
    assert found["mdns"] == [True, True]
    assert found["udp"] == [True, False]
    assert found["again"] == [[], []]
    assert found["others"] == 1
    assert found["change"] == [FILES[:1], ["systemctl restart leeboard-firewall.service"]]
    assert found["no mdns"] == [False, False]
    assert found["restarted"] is True


DRIFTED = """
sshd_double(22)
write(management=MANAGEMENT, services="mdns")
breaks = {
    "flushed": "nft flush ruleset",
    "a port more": "nft insert rule inet leeboard input tcp dport 3389 accept",
    "all let in": "nft insert rule inet leeboard input accept",
    "asleep": "nft 'add table inet leeboard { flags dormant; }'",
    "by hand": "sed -i 's/tcp dport { 22 }/tcp dport { 22, 3389 }/' /etc/leeboard/firewall.nft",
    "not enabled": "rm /etc/systemd/system/sysinit.target.wants/leeboard-firewall.service",
    "another unit": "sed -i s/ExecStart=/ExecStart=-/ /etc/systemd/system/leeboard-firewall.service",
    "file gone": "rm /etc/leeboard/firewall.nft",
}
for name, break_ in breaks.items():
    done = sh(break_)
    broken = says()
    mended = write(management=MANAGEMENT, services="mdns")
    found[name] = [done.stderr, broken, mended, says()]
sshd_double(2222)
found["another port"] = ["", says(), write(management=MANAGEMENT, services="mdns"), says()]
sh("ip link add virbr0 type bridge")
found["a guest"] = ["", says(), write(management=MANAGEMENT, services="mdns"), says()]
found["file"] = pathlib.Path("/etc/leeboard/firewall.nft").read_text()
# nftables.service flushes what there is, and then has a file of its own.
pathlib.Path("/etc/nftables.conf").write_text("flush ruleset\\ntable inet filter { chain input { "
    "type filter hook input priority filter; policy accept; tcp dport 80 accept; }; }\\n")
link = UNITS / "sysinit.target.wants/nftables.service"
link.symlink_to("/usr/lib/systemd/system/nftables.service")
found["both"] = says()
pathlib.Path("/etc/nftables.conf").write_text("table inet filter { chain input { tcp dprot 80 accept; }; }\\n")
found["a slip"] = write(management="10.20.0.0/16")
pathlib.Path("/etc/nftables.conf").write_text("table inet filter { chain input { type filter hook input priority -5; "
    "tcp dport 22 drop; }; }\\n")
found["dropped before"] = write(management="10.20.0.0/16")
link.unlink()
found["too much"] = write(openings="tcp:1024-65535")
found["unchanged"] = pathlib.Path("/etc/leeboard/firewall.nft").read_text() == found["file"]
"""


def test_what_goes_wrong_is_seen_and_mended(tmp_path: Path) -> None:
    found = firewalled(tmp_path, DRIFTED, "nft")
    good = {**SHUT, "management": MANAGEMENT, "openings": "none", "services": "mdns"}
    ours = dict.fromkeys(("management", "services"), "none")
    now, later = (dict.fromkeys((f"{what}-ipv4", f"{what}-ipv6"), "accept") for what in ("inbound", "after-restart"))
    broken = {
        "flushed": {**now, **ours},
        "a port more": ours,
        "all let in": {**now, **ours},
        "asleep": {**now, **ours},
        "by hand": ours,
        "not enabled": later,
        "file gone": {"openings": "none", **later, **ours},
        "another port": ours,
        "a guest": ours,
    }
    for name, differs in broken.items():
        error, said, mended, afterwards = found[name]
        assert error == "", name
        assert said == {**good, **differs}, name
        assert mended[1][-1] == "systemctl restart leeboard-firewall.service", name
        assert afterwards == good, name
    error, said, mended, afterwards = found["another unit"]
    assert (error, afterwards) == ("", good)
    assert "seems to load rules" in said["after-restart-ipv4"]
    assert mended[0] == FILES[1:]
    assert 'iifname { "virbr0" } udp dport { 53, 67, 547 } accept' in found["file"]
    assert "# ports: 22 2222\n" in found["file"]
    assert found["both"] == good  # what another table accepts is dropped by ours
    assert "/etc/nftables.conf could not be tried" in found["a slip"] and "dprot" in found["a slip"]
    assert (
        "TCP port 22 does not let 10.20.0.0/16 in: rule 1 of chain input in table inet filter"
        in (found["dropped before"])
    )
    assert "strangers would still get in now" in found["too much"]
    assert found["unchanged"] is True


BACK = """
sshd_double(22)
def put_back(cover):
    '''What a checkpoint does, in short: files, then commands, then the proofs.'''
    for path in cover.files:
        at = pathlib.Path(path)
        at.unlink(missing_ok=True) if kept[path] is None else at.write_bytes(kept[path])
    (UNITS / "sysinit.target.wants" / cover.units[0]).unlink(missing_ok=True)
    state = pathlib.Path("/run/state"); state.mkdir(exist_ok=True)
    for name, content in cover.state.items():
        (state / name).write_bytes(content)
    done = [machine().act([part.replace("{state}", str(state)) for part in one.argv]) for one in cover.commands]
    return [one.err for one in done if one.rc], [proof(one) for one in cover.proofs]

def proof(one):
    done = machine().act(list(one.argv))
    return done.rc == 0 and (one.prints is None or done.out.encode() == one.prints)

def covered():
    cover = firewall.cover(machine(), [{"address": "management", "value": None}])
    global kept
    kept = {path: pathlib.Path(path).read_bytes() if os.path.exists(path) else None for path in cover.files}
    return cover

for name, prepare in (("nothing", None), ("ours", MANAGEMENT)):
    if prepare:
        write(management=prepare, openings="tcp:443")
    before = sh("nft list ruleset").stdout
    cover = covered()
    edits, commands = write(management="10.20.0.0/16")
    found[name] = {"differs": sh("nft list ruleset").stdout != before, "proofs": [proof(one) for one in cover.proofs],
                   "uncovered": sorted(set(edits) - set(cover.files)), "back": put_back(cover),
                   "same": sh("nft list ruleset").stdout == before, "units": cover.units, "longest": cover.longest}
files = ["/etc/leeboard/firewall.nft", "/etc/systemd/system/leeboard-firewall.service"]
write(management="10.20.0.0/16")
for path in files: os.unlink(path)
commands, remarks = loading(machine(), files)
found["undo"] = [[machine().act(argv).rc for argv in commands], sh("nft list ruleset").stdout]
"""


def test_what_a_checkpoint_and_an_undo_bring_back(tmp_path: Path) -> None:
    found = firewalled(tmp_path, BACK, "nft")
    for name in ("nothing", "ours"):
        assert found[name] == {
            "differs": True, "proofs": [False], "uncovered": [], "back": [[], [True]], "same": True,
            "units": ["leeboard-firewall.service"], "longest": 120,
        }, name  # fmt: skip
    assert found["undo"] == [[0, 0], ""]


UFW = """
sh("sed -i 's/^ENABLED=.*/ENABLED=no/' /etc/ufw/ufw.conf; ufw --force reset")
sh("ufw default allow incoming; ufw allow 80/tcp")
found["enabled"] = sh("ufw --force enable").returncode
(UNITS / "multi-user.target.wants").mkdir()
(UNITS / "multi-user.target.wants/ufw.service").symlink_to("/usr/lib/systemd/system/ufw.service")
sshd_double(22)
held = [listen(port) for port in (80, 443, 7000)]
found["before"] = says()
cover = firewall.cover(machine(), [])
kept = {path: pathlib.Path(path).read_bytes() for path in cover.files}
def proofs():
    done = [(machine().act(list(one.argv)), one) for one in cover.proofs]
    return [ended.rc == 0 and ended.out.encode() == one.prints for ended, one in done]
found["written"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16", services="mdns")
found["uncovered"] = sorted(set(found["written"][0]) - set(cover.files))
found["says"] = says()
found["ssh"], found["web"], found["shut"], found["80"] = connects(22), connects(443), connects(7000), connects(80)
found["status"] = sh("ufw status").stdout
found["again"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16", services="mdns")
found["change"] = write(management="10.20.0.0/16", openings="none", services="none")
found["fewer"] = says()
found["ssh of fewer"] = connects(22)
sh("ufw insert 1 allow proto udp to any port 1024:65535")
found["too wide"] = says()
before = pathlib.Path("/etc/ufw/user.rules").read_bytes()
found["refused"] = write(management="10.20.0.0/16")
found["kept"] = before == pathlib.Path("/etc/ufw/user.rules").read_bytes()
for path, content in kept.items():
    pathlib.Path(path).write_bytes(content)
found["proofs"] = [proofs(), [machine().act(list(one.argv)).rc for one in cover.commands], proofs()]
pathlib.Path("/etc/leeboard").mkdir(exist_ok=True)
pathlib.Path("/etc/leeboard/firewall.nft").write_text("")
found["two"] = write(management="10.20.0.0/16")
"""


def test_ufw_writes_its_own_files(tmp_path: Path) -> None:
    found = firewalled(tmp_path, UFW, "ufw", "nft", "iptables")
    assert found["enabled"] == 0
    assert found["before"] == OPEN
    edits, commands = found["written"]
    assert edits == ["/etc/default/ufw", "/etc/ufw/user.rules", "/etc/ufw/user6.rules"]
    assert (commands, found["uncovered"]) == (["ufw reload"], [])
    words = {"management": MANAGEMENT, "openings": "tcp:443@10.77.0.0/16", "services": "mdns"}
    assert found["says"] == {**SHUT, **words}
    assert found["ssh"] == BY_MANAGEMENT
    assert found["web"] == {**NOBODY, "10.77.0": "accept"}
    assert found["shut"] == NOBODY
    assert found["80"] == dict.fromkeys(NOBODY, "accept")  # the school's own rule of ufw stays
    assert "leeboard-management" in found["status"]
    assert found["again"] == [[], []]
    assert found["change"][1] == ["ufw reload"]
    assert found["fewer"] == {**SHUT, "management": "10.20.0.0/16", "openings": "none", "services": "none"}
    assert found["ssh of fewer"] == {**NOBODY, "10.20.0": "accept"}
    assert found["too wide"]["inbound-ipv4"] == "accept"
    assert "ufw would still let strangers in" in found["refused"]
    assert found["kept"] is True
    assert found["proofs"][1:] == [[0], [True] * 4]
    assert not all(found["proofs"][0])
    assert "two firewalls at once, ufw and /etc/leeboard/firewall.nft" in found["two"]


# firewalld on a bus of its own, in the private /run. Nothing else is started there: it asks polkit where there is one.
FIREWALLD = """
sh("mkdir -p /run/dbus; mount -t tmpfs tmpfs /usr/share/dbus-1/system-services")
bus = subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile"])
daemon = None
for _try in range(600):
    if daemon is None and os.path.exists("/run/dbus/system_bus_socket"):
        daemon = subprocess.Popen(["firewalld", "--nofork", "--nopid"])
    if daemon and sh("firewall-cmd --state").returncode == 0:
        break
    time.sleep(0.2)
found["zone"] = sh("firewall-cmd --set-default-zone=trusted").returncode
(UNITS / "multi-user.target.wants").mkdir()
(UNITS / "multi-user.target.wants/firewalld.service").symlink_to("/usr/lib/systemd/system/firewalld.service")
sshd_double(22)
held = [listen(port) for port in (443, 7000)]
found["before"], found["open"] = says(), connects(7000)
cover = firewall.cover(machine(), [])
def proofs():
    done = [(machine().act(list(one.argv)), one) for one in cover.proofs]
    return [ended.rc == 0 and ended.out.encode() == one.prints for ended, one in done]
found["written"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16", services="mdns")
found["says"] = says()
sh("ip -6 neigh flush dev eth0"); there_sh("ip -6 neigh flush dev out0")
found["ssh"], found["web"], found["shut"] = connects(22), connects(443), connects(7000)
found["ping"] = [there(PING, f"{net}9", f"{net}15") for net in ("10.77.0.", "2001:db8:77::")]
mine, theirs = link_local(sh), link_local(there_sh)
found["dhcp"] = [arrives(theirs, 547, mine, 546, "out0"), arrives("2001:db8:77::9", 547, "2001:db8:77::15", 546)]
mdns = ("10.77.0.9", 5353, "224.0.0.251", 5353), ("2001:db8:77::9", 5353, "ff02::fb", 5353, "out0")
found["mdns"] = [arrives(*one, group=one[2]) for one in mdns]
found["again"] = write(management=MANAGEMENT, openings="tcp:443@10.77.0.0/16", services="mdns")
found["back"] = [proofs()]
for path in found["written"][0]:
    os.unlink(path)
found["back"] += [[machine().act(list(one.argv)).rc for one in cover.commands], proofs()]
daemon.terminate(); daemon.wait(); bus.terminate()
"""


def test_firewalld_has_a_policy_of_ours(tmp_path: Path) -> None:
    found = firewalled(tmp_path, FIREWALLD, "firewalld", "firewall-cmd", "dbus-daemon", "nft")
    assert found["zone"] == 0
    assert found["before"] == OPEN
    assert found["open"] == dict.fromkeys(NOBODY, "accept")
    edits, commands = found["written"]
    assert edits == ["/etc/firewalld/policies/leeboard-guests.xml", "/etc/firewalld/policies/leeboard.xml"]
    assert commands == ["firewall-cmd --check-config", "firewall-cmd --reload"]
    words = {"management": MANAGEMENT, "openings": "tcp:443@10.77.0.0/16", "services": "mdns"}
    assert found["says"] == {**SHUT, **words}
    assert found["ssh"] == BY_MANAGEMENT
    assert found["web"] == {**NOBODY, "10.77.0": "accept"}
    assert found["shut"] == NOBODY
    assert found["ping"] == ["answered", "answered"]
    assert found["dhcp"] == [True, False]
    assert found["mdns"] == [True, True]
    assert found["again"] == [[], []]
    assert found["back"] == [[False], [0], [True]]
