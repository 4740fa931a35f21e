#!/bin/bash
# The configuration has wg take its key from a file in another folder, which anybody may read.
# kind: permission
# image: gnome
# level: standard
# flips: REM-05
# expect: drifted
# also: REM-04 compliant
set -eu
mkdir -p /etc/keys
cat >/etc/wireguard/school.conf <<'CONF'
[Interface]
Address = 10.7.0.2/32
PostUp = wg set %i private-key /etc/keys/school.key

[Peer]
PublicKey = P9dACIyGaoP12U+4esGgbqhd9r0q27vIPs6J4jrYxRM=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.1:51820
CONF
echo GOBUc0rerywUVjy+ORBOcj24DiW3bFVkXm+ECW9+FUo= >/etc/keys/school.key
chmod 0600 /etc/wireguard/school.conf
chmod 0644 /etc/keys/school.key
