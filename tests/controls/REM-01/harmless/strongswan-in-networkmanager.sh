#!/bin/bash
# A profile of NetworkManager's plugin for strongSwan, by IKEv2 and a certificate, with the suite of the level.
# kind: value
# image: gnome
# also: REM-02 compliant, REM-04 compliant
set -eu
mkdir -p /run/NetworkManager/system-connections
cat >/run/NetworkManager/system-connections/University.nmconnection <<'EOF'
[connection]
id=University
uuid=464d00ad-07a3-4df7-86d6-7dc7e2fa7ed1
type=vpn

[vpn]
address=vpn.university.example
certificate=/etc/ssl/certs/ca-certificates.crt
esp=aes256gcm16-ecp384
ike=aes256gcm16-prfsha384-ecp384
method=key
proposal=yes
service-type=org.freedesktop.NetworkManager.strongswan
virtual=yes

[ipv4]
method=auto

[ipv6]
method=auto
EOF
chmod 0600 /run/NetworkManager/system-connections/University.nmconnection
