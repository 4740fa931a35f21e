#!/bin/bash
# A passphrase was given the derivation that a guide for GRUB asks for, which costs a guesser no memory.
# kind: value
# image: encrypted
# flips: ENC-15
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
printf '%s' "$PASSPHRASE" |
    cryptsetup luksConvertKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - "$disk"
