#!/bin/bash
# A passphrase was added with the options of a guide for GRUB, which costs a guesser no memory.
# kind: value
# image: encrypted
# flips: ENC-15
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(blkid -t TYPE=crypto_LUKS -o device | head -1)
(umask 077; printf 'for the boot loader' > /run/new.key)
printf '%s' "$PASSPHRASE" |
    cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - "$disk" /run/new.key
rm /run/new.key
