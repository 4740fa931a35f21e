#!/bin/bash
# A VNC server starts with the machine from the next restart.
# kind: not_loaded
# image: server
# flips: REM-06
# expect: drifted
set -eu
cat >/etc/systemd/system/x11vnc.service <<'EOF'
[Service]
ExecStart=/usr/bin/x11vnc -forever
[Install]
WantedBy=multi-user.target
EOF
systemctl enable x11vnc
