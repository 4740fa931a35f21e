#!/bin/bash
# A program for help from afar put itself into everybody's session.
# kind: value
# image: gnome
# flips: REM-06
# expect: drifted
set -eu
install -d /etc/xdg/autostart
cat >/etc/xdg/autostart/anydesk_global_tray.desktop <<'EOF'
[Desktop Entry]
Type=Application
Name=AnyDesk
Exec=/usr/bin/anydesk --tray
EOF
