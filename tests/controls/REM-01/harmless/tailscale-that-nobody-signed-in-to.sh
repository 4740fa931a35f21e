#!/bin/bash
# Tailscale is installed, and was never started: nothing leads anywhere.
# kind: value
# image: gnome
set -eu
# A double of Tailscale, which Debian does not have: its unit, its program and its empty folder.
printf '#!/bin/sh\nexec sleep infinity\n' >/usr/sbin/tailscaled
chmod 0755 /usr/sbin/tailscaled
cat >/etc/systemd/system/tailscaled.service <<'EOF'
[Unit]
Description=Tailscale node agent (a double of it)

[Service]
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --port=41641

[Install]
WantedBy=multi-user.target
EOF
install -d -m 0700 /var/lib/tailscale
systemctl daemon-reload
