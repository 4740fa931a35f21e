#!/bin/bash
# FWD-02 by standing in the collector's place (port 6514) and in a stranger's (127.0.0.2, port 514) and looking at the
# bytes: is it TLS, and does anything come when the certificate is a stranger's, or names somebody else? At LEVEL high
# the device must show a certificate of its own. Prints compliant, pending or drifted, then why.
set -u
wrong="" waits=""
work=$(mktemp -d)
own=/root/lab-collector
trap 'rm -rf "$work"; systemctl start lab-collector' EXIT

cat >"$work/stand.py" <<'PY'
# stand.py SECONDS plain|stranger|collector [certificate key [authority]]: prints what the first who sends something
# sends, or nothing.
import selectors, socket, ssl, sys, time
patience, how, files = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
chosen = selectors.DefaultSelector()
for kind, address in (
    (socket.SOCK_STREAM, ("127.0.0.1", 6514)),
    (socket.SOCK_STREAM, ("127.0.0.2", 514)),
    (socket.SOCK_DGRAM, ("127.0.0.2", 514)),
    (socket.SOCK_DGRAM, ("127.0.0.1", 6514)),
):
    one = socket.socket(socket.AF_INET, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(address)
    if kind == socket.SOCK_STREAM:
        one.listen(8)
    chosen.register(one, selectors.EVENT_READ)
open(sys.argv[0] + ".ready", "w").close()
said = set()
end = time.monotonic() + patience
while time.monotonic() < end and not said & {"plain", "data"}:
    for key, _ in chosen.select(1):
        if key.fileobj.type == socket.SOCK_DGRAM:
            key.fileobj.recv(4096)
            said.add("plain")
            continue
        connection, _ = key.fileobj.accept()
        connection.settimeout(15)
        try:
            if how == "plain":
                first = connection.recv(4096)
                said.add("tls" if first[:2] == b"\x16\x03" else "plain" if first else "silent")
            else:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(files[0], files[1])
                if len(files) > 2:
                    context.verify_mode = ssl.CERT_REQUIRED
                    context.load_verify_locations(files[2])
                with context.wrap_socket(connection, server_side=True) as secure:
                    said.add("data" if secure.recv(4096) else "refused")
        except (OSError, ssl.SSLError):
            said.add("refused")
        connection.close()
        if how != "collector":
            # A second way comes later: rsyslogd goes through its ways in turn, and TLS takes up to 20 seconds.
            end = min(end, time.monotonic() + (30 if how == "plain" else 10))
print(" ".join(sorted(said)) or "nothing")
PY

# What comes to whoever stands there, after rsyslog was started again ("next") or left as it is ("now").
stand() {
    local when=$1 patience=$soon
    shift
    [ "$when" = now ] || patience=$late
    rm -f "$work/stand.py.ready"
    python3 "$work/stand.py" "$patience" "$@" >"$work/said" &
    for _ in $(seq 100); do [ -e "$work/stand.py.ready" ] && break; sleep 0.1; done
    [ "$when" = now ] || systemctl restart rsyslog
    for _ in $(seq "$patience"); do
        logger -p auth.info "truth: a line"
        logger -p authpriv.info "truth: a line"
        kill -0 $! 2>/dev/null || break
        sleep 1
    done
    wait $!
    cat "$work/said"
}

# What was refused comes again after 20 seconds. rsyslogd ends after one more attempt, and begins with one; on a busy
# emulated machine each takes up to 20 seconds, for parameters of Diffie-Hellman. Where no file sends, nothing will come.
soon=20 late=20
if grep -rqsE 'omfwd|^[^#]*@' /etc/rsyslog.conf /etc/rsyslog.d; then soon=45 late=100; fi

systemctl stop lab-collector
# The truth of FWD-01 starts rsyslog again; what it saw go away before stands here.
[ ! -e /run/truth-plain ] || waits+="lines went away in plain text. "
[ ! -e /run/truth-by-udp ] || wrong+="lines went to a stranger by UDP. "
rm -f /run/truth-plain /run/truth-by-udp
if systemctl is-active --quiet rsyslog; then
    case $(stand now plain) in *plain*) waits+="lines go away in plain text now. " ;; esac
    first=$(stand next plain)
    case $first in *plain*) wrong+="lines go away in plain text. " ;; esac
    if [[ $first == *tls* ]]; then
        case $(stand next stranger "$own/stranger.pem" "$own/stranger.key") in
            *data*) wrong+="a stranger's certificate is good enough. " ;;
        esac
        case $(stand next stranger "$own/other.example.pem" "$own/other.example.key") in
            *data*) wrong+="a certificate for another name is good enough. " ;;
        esac
        authority=""
        [ "$LEVEL" != high ] || authority=$own/ca.pem
        case $(stand next collector "$own/localhost.pem" "$own/localhost.key" ${authority:+"$authority"}) in
            *data*) ;;
            *) wrong+="the collector itself gets nothing. " ;;
        esac
    fi
    if [ "$first" = nothing ] && grep -rqs omfwd /etc/rsyslog.conf /etc/rsyslog.d; then
        wrong+="what should send cannot. "
    fi
    [ -z "$(find /etc/leeboard -name '*.key' -perm /007)" ] || wrong+="everybody may read the device's key. "
fi

if [ -n "$wrong" ]; then echo drifted; elif [ -n "$waits" ]; then echo pending; else echo compliant; fi
echo "$wrong$waits"
