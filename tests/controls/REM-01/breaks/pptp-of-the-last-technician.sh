#!/bin/bash
# A PPTP profile in NetworkManager that nobody remembers: the password can be had by who listens.
# kind: value
# image: gnome
# flips: REM-01 REM-03 REM-04
# expect: drifted
# mends: no
# also: AUD-05 drifted
set -eu
mkdir -p /etc/NetworkManager/system-connections
cat >"/etc/NetworkManager/system-connections/County office.nmconnection" <<'EOF'
[connection]
id=County office
uuid=3deada42-4950-43fa-8848-e723d2b9289c
type=vpn

[vpn]
gateway=192.0.2.1
password-flags=2
service-type=org.freedesktop.NetworkManager.pptp

[ipv4]
method=auto
EOF
chmod 0600 "/etc/NetworkManager/system-connections/County office.nmconnection"
