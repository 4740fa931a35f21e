#!/bin/bash
# An expression in the newer language throws sign-ins away before they are sent.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
cat >/etc/rsyslog.d/00-aaa.conf <<'EOF'
if ($syslogfacility-text == "authpriv") or ($syslogfacility-text == 'auth') then {
    stop
}
EOF
systemctl restart rsyslog
