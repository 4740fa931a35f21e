#!/bin/bash
# The swap file is switched off today and comes back with the next start.
# kind: not_loaded
# image: server
# flips: ENC-13
# expect: drifted
# mends: no
set -eu
dd if=/dev/zero of=/swapfile bs=1M count=64 status=none
chmod 600 /swapfile
mkswap -q /swapfile
echo '/swapfile none swap sw 0 0' >> /etc/fstab
