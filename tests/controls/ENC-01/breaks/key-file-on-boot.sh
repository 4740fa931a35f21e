#!/bin/bash
# The key of the disk was put on /boot, which is not encrypted.
# kind: precedence
# image: encrypted
# flips: ENC-01 ENC-03
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
(umask 077; head -c 64 /dev/urandom > /boot/disk.key)
printf '%s' "$PASSPHRASE" | cryptsetup luksAddKey -q --pbkdf-memory 19456 --pbkdf-force-iterations 4 --key-file - \
    "$disk" /boot/disk.key
sed -i -E 's#^([^# ]+[[:space:]]+[^ ]+[[:space:]]+)none#\1/boot/disk.key#' /etc/crypttab
