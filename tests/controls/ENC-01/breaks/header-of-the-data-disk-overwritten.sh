#!/bin/bash
# A script meant for a stick wrote its zeros over the head of the data disk.
# kind: syntax
# image: encrypted
# flips: ENC-01
# expect: error
# also: ENC-02 error, ENC-03 error, ENC-06 error, ENC-09 error, ENC-10 error, ENC-12 error, ENC-15 error
# mends: no
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
printf 'a long passphrase' | cryptsetup luksFormat -q --pbkdf-memory 19456 --pbkdf-parallel 1 --pbkdf-force-iterations 4 \
    --key-file - "$disk"
printf 'a long passphrase' | cryptsetup open --key-file - "$disk" data
mkfs.ext4 -q /dev/mapper/data
mkdir -p /srv/data
mount /dev/mapper/data /srv/data
# Both copies of the metadata; the mapping that is open goes on.
dd if=/dev/zero of="$disk" bs=1M count=4 conv=notrunc,fsync status=none
udevadm settle
