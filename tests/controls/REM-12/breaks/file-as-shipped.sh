#!/bin/bash
# An upgrade put Debian's own file back, which lets everything in from the next start.
# kind: value
# image: server
# flips: REM-12
# expect: drifted
set -eu
cat >/etc/nftables.conf <<'EOF'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter;
    }
}
EOF
