#!/bin/bash
# PPTP without NetworkManager: a peer of pppd that calls the program pptp, as its documentation has it.
# kind: value
# image: gnome
# flips: REM-01
# expect: drifted
# also: REM-03 drifted, REM-04 drifted
# mends: no
set -eu
mkdir -p /etc/ppp/peers
cat >/etc/ppp/peers/county <<'EOF'
pty "pptp vpn.county.example --nolaunchpppd"
name ada
remotename PPTP
require-mppe-128
ipparam county
EOF
chmod 0600 /etc/ppp/peers/county
