#!/bin/bash
# A profile of NetworkManager's plugin for openconnect, which NetworkManager keeps until the next start only.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 compliant
# mends: no
set -eu
mkdir -p /run/NetworkManager/system-connections
cat >/run/NetworkManager/system-connections/University.nmconnection <<'EOF'
[connection]
id=University
uuid=5f0c7ef0-0f0a-4bd3-9d0b-3f3e5a4f1c77
type=vpn

[vpn]
cookie-flags=2
gateway=vpn.university.example
gateway-flags=2
gwcert-flags=2
protocol=anyconnect
service-type=org.freedesktop.NetworkManager.openconnect

[ipv4]
method=auto

[ipv6]
method=auto
EOF
chmod 0600 /run/NetworkManager/system-connections/University.nmconnection
