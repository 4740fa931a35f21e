#!/bin/bash
# The same entry, which a technician has taken out of all sessions.
# kind: value
# image: gnome
set -eu
install -d /etc/xdg/autostart
cat >/etc/xdg/autostart/anydesk_global_tray.desktop <<'EOF'
[Desktop Entry]
Type=Application
Name=AnyDesk
Exec=/usr/bin/anydesk --tray
Hidden=true
EOF
