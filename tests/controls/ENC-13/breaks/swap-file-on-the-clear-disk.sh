#!/bin/bash
# Memory was short, so somebody made a swap file.
# kind: value
# image: server
# flips: ENC-13
# expect: drifted
# mends: no
set -eu
dd if=/dev/zero of=/swapfile bs=1M count=64 status=none
chmod 600 /swapfile
mkswap -q /swapfile
swapon /swapfile
