#!/bin/bash
# The profile of OpenVPN that somebody put aside: openvpn-client@.service reads NAME.conf, and nothing else.
# kind: value
# image: gnome
set -eu
mkdir -p /etc/openvpn/client
cat >/etc/openvpn/client/office.conf.old <<'EOF'
client
dev tun
remote vpn.office.example 1194
ca office-ca.pem
cert office.pem
key office-key.pem
EOF
chmod 0600 /etc/openvpn/client/office.conf.old
