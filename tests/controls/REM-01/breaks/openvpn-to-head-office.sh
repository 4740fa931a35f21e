#!/bin/bash
# OpenVPN to the head office, set up beside the school's VPN: at level high only IKEv2 with certificates will do.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-04 compliant
# mends: no
set -eu
mkdir -p /etc/openvpn/client
cat >/etc/openvpn/client/office.conf <<'EOF'
client
dev tun
proto udp
remote vpn.office.example 1194
redirect-gateway def1 ipv6
ca office-ca.pem
cert office.pem
key office-key.pem
EOF
chmod 0600 /etc/openvpn/client/office.conf
