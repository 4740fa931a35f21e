#!/bin/bash
# Somebody began to encrypt a disk anew and switched the machine off.
# kind: not_loaded
# image: server
# flips: ENC-09
# expect: drifted
# also: ENC-02 compliant, ENC-12 compliant
# mends: no
set -eu
modprobe scsi_debug dev_size_mb=96
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
printf 'a long passphrase' | cryptsetup luksFormat -q --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - \
    "$disk"
printf 'a long passphrase' | cryptsetup reencrypt --init-only -q --key-slot 0 --pbkdf-memory 65536 \
    --pbkdf-force-iterations 4 --key-file - "$disk"
udevadm settle
