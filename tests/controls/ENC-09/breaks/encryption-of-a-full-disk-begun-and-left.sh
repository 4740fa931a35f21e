#!/bin/bash
# A disk with data was to be encrypted where it is, and after the first minute nobody went on.
# kind: value
# image: server
# flips: ENC-09 ENC-10
# expect: drifted
# also: ENC-02 compliant, ENC-12 compliant
# mends: no
set -eu
modprobe scsi_debug dev_size_mb=96
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
printf 'a long passphrase' | cryptsetup reencrypt --encrypt --init-only -q --reduce-device-size 32M \
    --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - "$disk"
udevadm settle
