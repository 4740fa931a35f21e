#!/bin/bash
# A second disk was put in and formatted as it came.
# kind: value
# image: server
# flips: ENC-10
# expect: drifted
# mends: no
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
mkfs.ext4 -q -F "$disk"
mkdir -p /srv/photographs
mount "$disk" /srv/photographs
udevadm settle
