#!/bin/bash
# A swap file on the encrypted root, for good.
# kind: value
# image: encrypted
set -eu
dd if=/dev/zero of=/swapfile bs=1M count=32 status=none
chmod 600 /swapfile
mkswap -q /swapfile
swapon /swapfile
echo '/swapfile none swap sw 0 0' >> /etc/fstab
