#!/bin/bash
# An upgrade put Debian's own file back, which lets everything in from the next start.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
# mends: no
set -eu
cp /usr/share/doc/nftables/examples/workstation.nft /etc/nftables.conf 2>/dev/null || true
printf '#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter;\n\t}\n}\n' \
    >/etc/nftables.conf
