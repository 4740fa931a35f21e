#!/bin/bash
# A games club's ZeroTier: the laptop is in one network with whoever else is in the club.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 not_checked
# mends: no
set -eu
# A double of ZeroTier, which Debian does not have: its unit, its program, and the network that was joined.
printf '#!/bin/sh\nexec sleep infinity\n' >/usr/sbin/zerotier-one
chmod 0755 /usr/sbin/zerotier-one
cat >/etc/systemd/system/zerotier-one.service <<'EOF'
[Unit]
Description=ZeroTier One (a double of it)

[Service]
ExecStart=/usr/sbin/zerotier-one

[Install]
WantedBy=multi-user.target
EOF
mkdir -p /var/lib/zerotier-one/networks.d
printf 'allowManaged=1\nallowGlobal=0\nallowDefault=0\n' >/var/lib/zerotier-one/networks.d/8056c2e21c000001.local.conf
printf 'nwid=8056c2e21c000001\nn=club\n' >/var/lib/zerotier-one/networks.d/8056c2e21c000001.conf
systemctl daemon-reload
systemctl enable --now zerotier-one.service >/dev/null 2>&1
