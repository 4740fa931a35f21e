#!/bin/bash
# Somebody plugs in a stick and mounts it.
# kind: value
# image: server
set -eu
modprobe scsi_debug dev_size_mb=64 removable=1
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
mkfs.ext4 -q -F "$disk"
mkdir -p /media/stick
mount "$disk" /media/stick
udevadm settle
