#!/bin/bash
# An old disk stays in the machine, mounted by nobody and with everything still on it.
# kind: not_loaded
# image: server
# flips: ENC-10
# expect: drifted
# mends: no
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
mkfs.ext4 -q -F "$disk"
udevadm settle
