#!/bin/bash
# Connects from a network of its own to ports where somebody listens: of this machine (now), or of a copy of its network
# in which only the unit's command was run (later).
set -eu
stop=""
trap 'kill $stop 2>/dev/null; ip link del eth9 2>/dev/null || true' EXIT
unshare --net sleep 300 & stranger=$!; stop+=" $!"
machine=()
if [ "$1" = later ]; then
    unshare --net sleep 300 & copy=$!; stop+=" $!"
    sleep 0.5
    machine=(nsenter -t "$copy" -n)
    "${machine[@]}" ip link set lo up
    "${machine[@]}" sh -c "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/leeboard-firewall.service)"
fi
sleep 0.5
here() { "${machine[@]}" "$@"; }
there() { nsenter -t "$stranger" -n "$@"; }
here ip link add eth9 type veth peer name out9
here ip link set out9 netns "$stranger"
here ip addr add 203.0.113.15/24 dev eth9
here ip addr add 2001:db8:9::15/64 dev eth9 nodad
here ip link set eth9 up
there ip addr add 203.0.113.77/24 dev out9
there ip addr add 2001:db8:9::77/64 dev out9 nodad
there ip link set out9 up
for port in 8080 8081; do
    here python3 -m http.server --bind :: "$port" >/dev/null 2>&1 & stop+=" $!"
done
for _ in $(seq 60); do
    listening=$(here ss -Hltn)
    case $listening in *:8080\ *:8081\ *|*:8081\ *:8080\ *) break ;; esac
    sleep 1
done
while read -r address port; do
    if there timeout 5 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null; then is=open; else is=shut; fi
    echo "$address $port $is"
done <<'DOORS'
203.0.113.15 8080
203.0.113.15 8081
2001:db8:9::15 8080
DOORS
