#!/bin/bash
# REM-12 by real packets: a stranger in a network of his own, on a cable to this machine, tries ports where somebody
# listens. Then the same on a copy of the network in which the services that start with the machine have loaded their
# rules. Prints compliant, pending or drifted, then why. Needs python3.
set -u
wrong=""
stop=""
trap 'kill $stop 2>/dev/null; ip link del eth9 2>/dev/null' EXIT

listen='import socket, time
doors = []
for port in (40123, 3517, 51877, 3389):
    one = socket.socket(socket.AF_INET6); one.bind(("::", port)); one.listen(9); doors.append(one)
    two = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); two.bind(("::", port)); doors.append(two)
for one in doors[1::2]: one.setblocking(False)
while True:
    for one in doors[1::2]:
        try: one.sendto(b"x", one.recvfrom(9)[1])
        except BlockingIOError: pass
    time.sleep(0.02)'
knock='import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
for kind, name in ((socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")):
    for port, source in ((40123, 0), (3517, 0), (51877, 0), (3389, 0), (40123, 53)):
        one = socket.socket(family, kind); one.settimeout(1); one.bind(("", source))
        try:
            one.connect((sys.argv[1], port))
            if name == "UDP": one.send(b"x"); one.recv(9)
            print(name, port, "from port" if source else "", source or "")
        except OSError: pass
        one.close()'

try_doors() { # what to run a command in: the machine itself, or a copy
    local machine=("$@") stranger
    unshare --net sleep 600 & stranger=$!; stop+=" $!"
    sleep 0.5
    there() { nsenter -t "$stranger" -n "$@"; }
    "${machine[@]}" ip link add eth9 type veth peer name out9
    "${machine[@]}" ip link set out9 netns "$stranger"
    "${machine[@]}" ip addr add 203.0.113.15/24 dev eth9
    "${machine[@]}" ip addr add 2001:db8:9::15/64 dev eth9 nodad
    "${machine[@]}" ip link set eth9 up
    there ip addr add 203.0.113.77/24 dev out9
    there ip addr add 2001:db8:9::77/64 dev out9 nodad
    there ip link set out9 up
    there ip link set lo up
    # Neighbours are known on both sides, whatever the firewall does with their discovery.
    mac() { sed -n 's/.*link.ether \([^ ]*\).*/\1/p'; }
    local ours theirs
    ours=$("${machine[@]}" ip -o link show eth9 | mac) theirs=$(there ip -o link show out9 | mac)
    for at in 203.0.113.15 2001:db8:9::15; do there ip neigh replace "$at" lladdr "$ours" dev out9; done
    for at in 203.0.113.77 2001:db8:9::77; do "${machine[@]}" ip neigh replace "$at" lladdr "$theirs" dev eth9; done
    "${machine[@]}" python3 -c "$listen" & stop+=" $!"
    local listener=$!
    sleep 1
    for at in 203.0.113.15 2001:db8:9::15; do
        there python3 -c "$knock" "$at" | sed "s/^/$at: /" | paste -sd, -
    done
    kill "$listener" "$stranger"
    "${machine[@]}" ip link del eth9 2>/dev/null
}

now=$(try_doors env 2>/dev/null | tr -s '\n')
[ -z "$now" ] || wrong+="strangers get in now: $now. "

unshare --net sleep 600 & copy=$!; stop+=" $!"
sleep 0.5
nsenter -t "$copy" -n ip link set lo up
if systemctl is-enabled -q nftables 2>/dev/null; then nsenter -t "$copy" -n nft -f /etc/nftables.conf 2>/dev/null; fi
ours=leeboard-firewall.service
if systemctl is-enabled -q "$ours" 2>/dev/null; then
    nsenter -t "$copy" -n sh -c "$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$ours")" 2>/dev/null
fi
if systemctl is-enabled -q ufw 2>/dev/null; then nsenter -t "$copy" -n /usr/lib/ufw/ufw-init start >/dev/null 2>&1; fi
later=$(try_doors nsenter -t "$copy" -n 2>/dev/null | tr -s '\n')
[ -z "$later" ] || wrong+="strangers get in after a restart: $later. "
kill "$copy"
if [ -n "$wrong" ]; then echo drifted; else echo compliant; fi
echo "${wrong//$'\n'/ }"
