#!/bin/bash
# Somebody whose machine took two seconds to open the disk made it fast: Argon2 by name, with 32 KiB of memory.
# kind: value
# image: encrypted
# flips: ENC-15
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
printf '%s' "$PASSPHRASE" | cryptsetup luksConvertKey -q --pbkdf argon2id --pbkdf-memory 32 --pbkdf-parallel 1 \
    --pbkdf-force-iterations 4 --key-file - "$disk"
