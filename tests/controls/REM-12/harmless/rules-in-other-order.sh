#!/bin/bash
# The same rules in another order, with a counter and a comment.
# kind: value
# image: server
set -eu
sed -i '/iif lo accept/d; s/ct state established,related accept/iif lo counter accept comment "ourselves"\n        ct state { established, related } accept/' /etc/nftables.conf
systemctl restart nftables
