#!/bin/bash
# A how-to for kiosks was followed: a drop-in for every console has agetty sign the pupil in.
# kind: precedence
# image: gnome
# flips: LCK-07
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/systemd/system/getty@.service.d
cat >/etc/systemd/system/getty@.service.d/10-kiosk.conf <<'EOF'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin pupil --noclear - $TERM
EOF
systemctl daemon-reload
