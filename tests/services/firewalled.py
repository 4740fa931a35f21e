"""A machine in a private network, whose firewall is written for real, and a cable to somebody who sends real packets.

The machine has its own /etc, /run and network, so the one that runs the tests keeps its own. systemctl is a double: it
keeps links as systemd does, and starts what a unit's file says. Everything else is the real program.

The other end of the cable has an address in the management network and one elsewhere, for IPv4 and IPv6.
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

REPOSITORY = Path(__file__).parents[2]
SETUP = """
set -e
mount -t sysfs sysfs /sys
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /etc/systemd/system
rm -rf /etc/systemd/system/*.wants /etc/leeboard /etc/nftables.conf
ip link set lo up
unshare --net sleep 300 & echo $! >"$1/other"
sleep 0.3
other=$(cat "$1/other")
there() { nsenter -t "$other" -n "$@"; }
ip link add eth0 type veth peer name out0
ip link set out0 netns "$other"
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
there sh -c 'echo 0 >/proc/sys/net/ipv6/conf/out0/accept_dad'
for at in 10.20.0.15/16 10.77.0.15/16 2001:db8:5::15/64 2001:db8:77::15/64; do ip addr add $at dev eth0; done
for at in 10.20.0.9/16 10.77.0.9/16 2001:db8:5::9/64 2001:db8:77::9/64; do there ip addr add $at dev out0; done
ip link set eth0 up; there ip link set out0 up; there ip link set lo up
shift; exec "$@"
"""
PROLOGUE = """
import json, os, pathlib, socket, subprocess, sys, time
sys.path[:0] = [{collections!r}]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change as changing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import run_process
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import driver as firewall
from ansible_collections.leeboard.schools.plugins.module_utils._linux.firewall import restart
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.loading import loading
OTHER = open({folder!r} + "/other").read().strip()
UNITS = pathlib.Path("/etc/systemd/system")
MANAGEMENT = "10.20.0.0/16 2001:db8:5::/64"
asked = []

def systemctl_double(argv):
    verb, unit = argv[1], UNITS / argv[-1]
    link = UNITS / "sysinit.target.wants" / argv[-1]
    if verb == "enable":
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(unit)
    elif verb == "restart":
        start = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
        return run_process(start[0].partition("=")[2].split(), "", 60, {{}})
    elif verb not in ("daemon-reload", "show"):
        return Completed(1, "", "the double knows no " + verb)
    return Completed(0, "", "")

def runner(argv, input, timeout, environment):
    asked.append(argv[:3])
    if argv[0] == "systemctl":
        return systemctl_double(argv)
    return run_process(argv, input, timeout, environment)

def machine():
    return Host(runner=runner)

def write(**words):
    '''What a roll-out does with one step; returns the commands that loaded it, or why it was refused.'''
    host = machine()
    changes = [{{"address": f"{{what}}-ipv{{one}}", "value": "drop"}} for what in ("inbound", "after-restart")
               for one in (4, 6)]
    changes += [{{"address": name, "value": text}} for name, text in words.items()]
    try:
        planned = firewall.dry_run(host, changes)
    except (ChangeRefused, HostError) as problem:
        return str(problem)
    edits = [edit.path for edit in planned.edits if edit.before != edit.after]
    for edit in planned.edits:
        changing.write(host, edit)
    for argv in planned.commands:
        done = host.act(argv)
        if done.rc:
            raise SystemExit(f"{{argv}}: {{done.err}}")
    return [edits, [" ".join(argv) for argv in planned.commands]]

def says():
    return {{one: reading["effective"].get("value", reading["effective"].get("why", reading["effective"]["state"]))
            for one, reading in firewall.observe(machine(), firewall.ALL).items() if not one.startswith("outbound")}}

def sh(text):
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True)

def there(code, *arguments):
    argv = ["nsenter", "-t", OTHER, "-n", sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True).stdout.strip()

CONNECT = '''
import socket, sys
one = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
one.bind((sys.argv[1], 0)); one.settimeout(0.7)
try: one.connect((sys.argv[2], int(sys.argv[3]))); print("accept")
except socket.timeout: print("drop")
except ConnectionRefusedError: print("reject")
except OSError as problem: print(problem)
'''
# Sends one datagram: from an address and port to an address and port, by a card where the address needs one.
SEND = '''
import socket, sys
source, sport, target, port, scope = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
scope = socket.if_nametoindex(scope) if scope else 0
one = socket.socket(family, socket.SOCK_DGRAM)
if family == socket.AF_INET:
    one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
one.bind((source, int(sport), 0, scope) if family == socket.AF_INET6 else (source, int(sport)))
one.sendto(b"x", (target, int(port), 0, scope) if family == socket.AF_INET6 else (target, int(port)))
'''

# An echo request as anybody sends it (RFC 792, RFC 4443), and whether it is answered.
PING = '''
import socket, sys
new = ":" in sys.argv[1]
one = socket.socket(socket.AF_INET6 if new else socket.AF_INET, socket.SOCK_RAW, 58 if new else 1)
one.settimeout(3); one.bind((sys.argv[1], 0))
body = bytes((128 if new else 8, 0, 0, 0, 0, 7, 0, 1))
if not new:
    total = sum(int.from_bytes(body[at:at + 2], "big") for at in range(0, 8, 2))
    body = body[:2] + (0xffff - total).to_bytes(2, "big") + body[4:]
one.sendto(body, (sys.argv[2], 0))
try:
    while True:
        answer = one.recv(200)
        if (answer[0] == 129 if new else answer[20] == 0): print("answered"); break
except socket.timeout: print("silence")
'''

def listen(port):
    one = socket.socket(socket.AF_INET6)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("::", port)); one.listen(50)
    return one

def sshd_double(port):
    '''Something that listens under sshd's name, as ss shows it.'''
    pid = os.fork()
    if pid == 0:
        held = listen(port)
        open("/proc/self/comm", "w").write("sshd")
        os.write(ready[1], b"x")
        time.sleep(300)
        os._exit(0)
    os.read(ready[0], 1)
    return pid
ready = os.pipe()

def connects(port, places=("10.20.0", "10.77.0", "2001:db8:5:", "2001:db8:77:")):
    '''What becomes of a connection to a port, by where it comes from.'''
    sep = lambda place: ":" if ":" in place else "."
    ends = {{place: [f"{{place}}{{sep(place)}}{{end}}" for end in (9, 15)] for place in places}}
    return {{place: there(CONNECT, *both, port) for place, both in ends.items()}}

def arrives(source, sport, target, port, scope="", group=""):
    '''Whether a datagram comes in.'''
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("", port)); one.settimeout(0.7)
    index = socket.if_nametoindex("eth0")
    if group and family == socket.AF_INET6:
        where = socket.inet_pton(family, group) + index.to_bytes(4, sys.byteorder)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, where)
    elif group:
        where = socket.inet_aton(group) + socket.inet_aton("10.20.0.15")
        one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, where)
    there(SEND, source, sport, target, port, scope)
    try:
        one.recv(9)
        return True
    except socket.timeout:
        return False
    finally:
        one.close()

def link_local(where):
    found = where("ip -6 -o addr show scope link")
    return found.stdout.split("inet6 ")[1].split("/")[0]

def there_sh(text):
    return subprocess.run(["nsenter", "-t", OTHER, "-n", "sh", "-c", text], capture_output=True, text=True)

found = {{}}
"""


def firewalled(tmp_path: Path, script: str, *programs: str, patience: float = 300) -> Any:
    """What `script` leaves in `found`. Skips where this machine lacks `programs` or namespaces."""
    for program in ("unshare", "ip", "ss", *programs):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            pytest.skip(f"{program} is not installed on this machine")
    if os.geteuid() != 0:
        pytest.skip("needs root for namespaces")
    prologue = PROLOGUE.format(collections=str(REPOSITORY / "collections"), folder=str(tmp_path))
    code = f"{prologue}\n{script}\nsubprocess.run(['kill', OTHER])\nprint(json.dumps(found))\n"
    argv = [
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--propagation",
        "private",
    ]
    argv += ["sh", "-c", SETUP, "sh", str(tmp_path), sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=patience)
    if "unshare" in done.stderr and "Operation not permitted" in done.stderr:
        pytest.skip("this machine does not allow namespaces")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
