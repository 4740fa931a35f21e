#!/bin/bash
# nftables was taken out for ufw, whose service is enabled and which was never switched on.
# kind: not_loaded
# image: server
# flips: REM-12
# expect: drifted
set -eu
systemctl disable --now nftables
nft flush ruleset
systemctl enable ufw
