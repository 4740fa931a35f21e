#!/bin/bash
# The service starts sshd with an option, which beats every file.
# kind: precedence
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/systemd/system/ssh.service.d
cat >/etc/systemd/system/ssh.service.d/root.conf <<'EOF'
[Service]
ExecStart=
ExecStart=/usr/sbin/sshd -D -o PermitRootLogin=yes
EOF
systemctl daemon-reload
systemctl restart ssh
