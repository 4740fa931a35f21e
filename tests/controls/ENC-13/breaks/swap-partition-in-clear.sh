#!/bin/bash
# The swap volume was moved from the encrypted disk to a disk of its own.
# kind: value
# image: encrypted
# flips: ENC-13
# expect: drifted
# mends: no
# alone: yes
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
mkswap -q "$disk"
swapon "$disk"
udevadm settle
