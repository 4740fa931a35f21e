#!/bin/bash
# A disk was encrypted anew, and it was seen through.
# kind: value
# image: server
# also: ENC-02 compliant, ENC-12 compliant
set -eu
modprobe scsi_debug dev_size_mb=96
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
printf 'a long passphrase' | cryptsetup luksFormat -q --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - \
    "$disk"
printf 'a long passphrase' | cryptsetup reencrypt -q --key-slot 0 --pbkdf-memory 65536 --pbkdf-force-iterations 4 \
    --key-file - "$disk"
udevadm settle
