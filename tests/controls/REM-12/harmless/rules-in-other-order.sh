#!/bin/bash
# The same rules in another order, with a counter and a comment.
# kind: value
# image: server
set -eu
cat >/etc/nftables.conf <<'EOF'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        tcp dport { ssh } counter accept
        iif lo counter accept comment "ourselves"
        ct state { established, related } accept
        meta l4proto { ipv6-icmp, icmp } accept
    }
}
EOF
systemctl restart nftables
