#!/bin/bash
# The configuration holds no key and may be read; the file that it names holds it, and may be read as well.
# kind: permission
# image: gnome
# level: standard
# flips: REM-05
# expect: drifted
# also: REM-04 compliant
set -eu
cat >/etc/wireguard/school.conf <<'EOF'
[Interface]
Address = 10.7.0.2/32
PostUp = wg set %i private-key /etc/wireguard/school.key

[Peer]
PublicKey = P9dACIyGaoP12U+4esGgbqhd9r0q27vIPs6J4jrYxRM=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.1:51820
EOF
echo GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo= >/etc/wireguard/school.key
chmod 0644 /etc/wireguard/school.conf /etc/wireguard/school.key
chmod 0755 /etc/wireguard
