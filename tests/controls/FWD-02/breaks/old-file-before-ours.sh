#!/bin/bash
# A file of an older roll-out by other means sends one facility in plain text.
# kind: precedence
# image: gnome
# flips: FWD-02
# expect: drifted
# mends: no
set -eu
cat >/etc/rsyslog.d/00-a.conf <<'EOF'
$ActionQueueType LinkedList
authpriv.*      @@(o)127.0.0.2:514;RSYSLOG_ForwardFormat
EOF
systemctl restart rsyslog
