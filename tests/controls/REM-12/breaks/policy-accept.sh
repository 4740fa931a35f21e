#!/bin/bash
# The chain is there with all its rules, but its policy lets the rest in.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
set -eu
nft add chain inet filter input '{ policy accept; }'
sed -i 's/policy drop/policy accept/' /etc/nftables.conf
