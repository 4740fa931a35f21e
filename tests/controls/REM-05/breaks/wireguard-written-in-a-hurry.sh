#!/bin/bash
# The folder was opened for a look, and the key in it is readable by everybody.
# kind: permission
# image: gnome
# level: standard
# flips: REM-05
# expect: drifted
# also: REM-04 compliant
set -eu
cat >/etc/wireguard/school.conf <<'EOF'
[Interface]
PrivateKey = GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo=
Address = 10.7.0.2/32

[Peer]
PublicKey = P9dACIyGaoP12U+4esGgbqhd9r0q27vIPs6J4jrYxRM=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.1:51820
EOF
chmod 0644 /etc/wireguard/school.conf
chmod 0755 /etc/wireguard
