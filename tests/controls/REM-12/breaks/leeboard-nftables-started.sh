#!/bin/bash
# nftables was started with its file as it is shipped, which begins with flush ruleset.
# kind: precedence
# image: plasma
# level: standard
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
systemctl enable --now nftables.service
