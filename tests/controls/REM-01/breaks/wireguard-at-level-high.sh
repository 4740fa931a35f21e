#!/bin/bash
# A teacher's own WireGuard at level high, where only IKEv2 with certificates will do.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-04 compliant
# mends: no
set -eu
cat >/etc/wireguard/home.conf <<'EOF'
[Interface]
PrivateKey = GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo=
Address = 10.7.0.2/32, fd00::2/128

[Peer]
PublicKey = P9dACIyGaoP12U+4esGgbqhd9r0q27vIPs6J4jrYxRM=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.1:51820
EOF
chmod 0600 /etc/wireguard/home.conf
