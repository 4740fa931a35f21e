#!/bin/bash
# An action in plain text that is not enabled, and one behind a comment.
# kind: value
# image: gnome
set -eu
cat >/etc/rsyslog.d/60-old.conf <<'EOF'
#*.* @127.0.0.2
action(type="omfwd" target="127.0.0.2" port="514" protocol="tcp" config.enabled="off")
EOF
systemctl restart rsyslog
