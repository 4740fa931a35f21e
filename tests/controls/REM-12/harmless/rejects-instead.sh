#!/bin/bash
# The chain lets nothing in by its last rule, not by its policy.
# kind: value
# image: server
set -eu
sed -i 's/policy drop/policy accept/; s/tcp dport 22 accept/tcp dport 22 accept\n        reject/' /etc/nftables.conf
systemctl restart nftables
