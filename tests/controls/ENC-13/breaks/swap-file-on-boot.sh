#!/bin/bash
# The encrypted disk was full, so the swap file went to /boot.
# kind: precedence
# image: encrypted
# flips: ENC-13
# expect: drifted
# mends: no
set -eu
dd if=/dev/zero of=/boot/swapfile bs=1M count=32 status=none
chmod 600 /boot/swapfile
mkswap -q /boot/swapfile
swapon /boot/swapfile
