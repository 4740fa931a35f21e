#!/bin/bash
# Cisco's client was left on the laptop with the county's profile, by which it goes on connecting.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 not_checked
# mends: no
set -eu
# A double: the client is not to be had without a contract, its profile is this file.
mkdir -p /opt/cisco/secureclient/vpn/profile
cat >/opt/cisco/secureclient/vpn/profile/county.xml <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<AnyConnectProfile xmlns="http://schemas.xmlsoap.org/encoding/">
  <ClientInitialization>
    <AutoConnectOnStart UserControllable="true">true</AutoConnectOnStart>
  </ClientInitialization>
  <ServerList>
    <HostEntry>
      <HostName>County</HostName>
      <HostAddress>vpn.county.example</HostAddress>
    </HostEntry>
  </ServerList>
</AnyConnectProfile>
EOF
