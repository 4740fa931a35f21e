#!/bin/bash
# Swap with a passing key, and nobody named a cipher, so that an old default is used.
# kind: precedence
# image: server
# flips: ENC-02
# expect: drifted
# mends: no
set -eu
truncate -s 64M /srv/swap.img
loop=$(losetup --find --show /srv/swap.img)
cryptsetup open --type plain --cipher aes-cbc-essiv:sha256 --key-size 256 --key-file /dev/urandom "$loop" swap0
mkswap -q /dev/mapper/swap0
swapon /dev/mapper/swap0
udevadm settle
