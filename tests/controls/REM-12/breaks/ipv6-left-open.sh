#!/bin/bash
# The table was rewritten for IPv4 only, so IPv6 is open.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
set -eu
sed -i 's/table inet filter/table ip filter/; s/icmp, ipv6-icmp/icmp/' /etc/nftables.conf
systemctl restart nftables
