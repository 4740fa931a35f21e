#!/bin/bash
# ufw does the same as nftables did.
# kind: value
# image: server
set -eu
systemctl disable --now nftables
nft flush ruleset
ufw allow 22/tcp
ufw --force enable
systemctl enable ufw
