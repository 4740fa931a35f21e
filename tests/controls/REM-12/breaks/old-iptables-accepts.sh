#!/bin/bash
# Both kinds of iptables are there: the new ones are gone, the old ones let everything in.
# kind: precedence
# image: server
# flips: REM-12
# expect: drifted
set -eu
systemctl disable --now nftables
nft flush ruleset
iptables-legacy -P INPUT ACCEPT
iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT
