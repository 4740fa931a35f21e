#!/bin/bash
# What the removal of Cisco's client leaves: its folder, with a profile that names no server.
# kind: value
# image: gnome
set -eu
mkdir -p /opt/cisco/secureclient/vpn/profile
cat >/opt/cisco/secureclient/vpn/profile/defaults.xml <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<AnyConnectProfile xmlns="http://schemas.xmlsoap.org/encoding/">
  <ClientInitialization>
    <AutoConnectOnStart UserControllable="true">false</AutoConnectOnStart>
  </ClientInitialization>
</AnyConnectProfile>
EOF
