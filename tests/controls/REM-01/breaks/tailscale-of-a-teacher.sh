#!/bin/bash
# A teacher's Tailscale: a way into the laptop, and out of it, that is no business of the school's gateway.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 not_checked
# mends: no
set -eu
# A double of Tailscale, which Debian does not have: its unit, its program, and the state of who signed in.
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
echo '{"_machinekey": "cHJpdmtleTpub25l", "_current-profile": "cHJvZmlsZS1hMWIy"}' >/var/lib/tailscale/tailscaled.state
chmod 0600 /var/lib/tailscale/tailscaled.state
systemctl daemon-reload
systemctl enable --now tailscaled.service >/dev/null 2>&1
