#!/bin/bash
# Swap gets a new key at each start.
# kind: value
# image: server
# also: ENC-02 compliant
set -eu
truncate -s 64M /srv/swap.img
loop=$(losetup --find --show /srv/swap.img)
cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 512 --key-file /dev/urandom "$loop" swap0
mkswap -q /dev/mapper/swap0
swapon /dev/mapper/swap0
udevadm settle
