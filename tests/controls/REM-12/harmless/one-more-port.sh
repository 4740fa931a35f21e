#!/bin/bash
# A print server's port was opened.
# kind: value
# image: server
set -eu
nft add rule inet filter input tcp dport 631 accept
sed -i 's/tcp dport 22 accept/tcp dport { 22, 631 } accept/' /etc/nftables.conf
