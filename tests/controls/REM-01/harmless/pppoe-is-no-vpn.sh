#!/bin/bash
# A peers file for PPPoE, as pppoeconf writes it.
# kind: value
# image: gnome
set -eu
mkdir -p /etc/ppp/peers
cat >/etc/ppp/peers/dsl-provider <<'EOF'
# not pptp
noipdefault
defaultroute
plugin rp-pppoe.so eth0
user school
EOF
chmod 0600 /etc/ppp/peers/dsl-provider
