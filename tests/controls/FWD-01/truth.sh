#!/bin/bash
# FWD-01 by logging lines of several facilities and looking for them at the lab's collector (lab-collector.service on
# this machine), before and after rsyslog starts again; and by listening where a stranger would: 127.0.0.2, port 514.
# Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""
facilities="user mail daemon auth authpriv cron local0 local7"
arrived=/var/log/lab-collector/arrived

[ "$(systemctl is-enabled rsyslog 2>/dev/null)" = enabled ] || wrong+="rsyslog is not started at boot. "
[ "$(systemctl is-active systemd-journal-upload 2>/dev/null)" != active ] || wrong+="the journal is sent as well. "

# Facilities whose lines do not come to the collector within some seconds (after a refusal rsyslog waits for 20);
# sudo is whom a thief would hide.
missing() {
    local token=truth-$RANDOM$RANDOM facility found="" lines=""
    for facility in $facilities; do logger -t sudo -p "$facility.info" "$token-$facility"; done
    for _ in $(seq "$1"); do
        found=""
        lines=$(tail -n 2000 "$arrived" 2>/dev/null)$'\n'  # one program a second: they cost much on an emulated machine
        for facility in $facilities; do [[ $lines == *"$token-$facility"$'\n'* ]] || found+="$facility "; done
        [ -n "$found" ] || break
        sleep 1
    done
    echo "$found"
}

# Whether somebody in the collector's place gets plain text, from an rsyslog that is left as it is.
plain_text() {
    systemctl stop lab-collector
    timeout 50 python3 - <<'PY' &
import socket, sys
one = socket.create_server(("127.0.0.1", 6514))
while True:
    connection, _ = one.accept()
    connection.settimeout(10)
    first = connection.recv(4096)
    if first:
        sys.exit(0 if first[:2] != b"\x16\x03" else 1)
PY
    local listener=$!
    for _ in $(seq 45); do
        kill -0 "$listener" 2>/dev/null || break
        logger -p auth.info "truth: a line"
        sleep 1
    done
    wait "$listener"
    local plain=$?
    systemctl start lab-collector
    sleep 2
    return "$plain"
}

stranger() {
    exec python3 - <<'PY'
import selectors, socket, time
chosen = selectors.DefaultSelector()
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    one = socket.socket(socket.AF_INET, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.2", 514))
    if kind == socket.SOCK_STREAM:
        one.listen()
    chosen.register(one, selectors.EVENT_READ)
open("/run/truth-ready", "w").close()
for key, _ in chosen.select(120):
    open("/run/truth-stranger", "w").close()
    if key.fileobj.type == socket.SOCK_DGRAM:
        open("/run/truth-by-udp", "w").close()
PY
}

rm -f /run/truth-ready /run/truth-stranger /run/truth-by-udp
stranger &
listener=$!
for _ in $(seq 100); do [ -e /run/truth-ready ] && break; sleep 0.1; done

lost=$(missing 45)
[ -z "$lost" ] || waits+="lines of $lost do not arrive now. "
# Starting rsyslog again would take away what the truth of FWD-02 looks for (it finds /run/truth-by-udp as well): is it
# plain text that does not arrive? (Nobody sends to the collector's port whose files do not name it.)
if [ -n "$lost" ] && systemctl is-active --quiet rsyslog && grep -rqs 6514 /etc/rsyslog.conf /etc/rsyslog.d && plain_text
then
    touch /run/truth-plain
fi
systemctl is-active --quiet rsyslog && systemctl restart rsyslog
sleep 1
lost=$(missing 75)    # one that has just started tries at once, which takes long on a busy emulated machine
[ -z "$lost" ] || wrong+="lines of $lost do not arrive. "
kill "$listener" 2>/dev/null
wait
[ ! -e /run/truth-stranger ] || wrong+="somebody else gets lines. "
rm -f /run/truth-ready /run/truth-stranger

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
