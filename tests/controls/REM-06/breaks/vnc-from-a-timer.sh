#!/bin/bash
# Nothing is enabled by that name: a timer that somebody made for a lesson starts the VNC server.
# kind: precedence
# image: server
# flips: REM-06
# expect: drifted
set -eu
cat >/etc/systemd/system/x11vnc.service <<'EOF'
[Service]
ExecStart=/usr/bin/x11vnc -forever
EOF
cat >/etc/systemd/system/lesson.timer <<'EOF'
[Timer]
OnCalendar=Mon 09:00
Unit=x11vnc.service
[Install]
WantedBy=timers.target
EOF
systemctl daemon-reload
systemctl enable --now lesson.timer
