#!/bin/bash
# A unit of the school's own starts a root shell on tty8, for whoever repairs the machine.
# kind: permission
# image: gnome
# flips: LCK-07
# expect: drifted
# mends: no
set -eu
cat >/etc/systemd/system/repair-desk.service <<'EOF'
[Unit]
Description=A shell for repairs

[Service]
ExecStart=-/bin/bash --login
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/tty8
Restart=always

[Install]
WantedBy=multi-user.target
EOF
systemctl enable repair-desk.service
