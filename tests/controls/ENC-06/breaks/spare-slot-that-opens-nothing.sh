#!/bin/bash
# The spare key was changed in a hurry: the new slot holds a key of its own and not that of the disk.
# kind: precedence
# image: encrypted
# flips: ENC-06
# expect: drifted
# mends: no
# alone: yes
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
cryptsetup luksKillSlot -q "$disk" 1
printf 'the new spare key' > /run/spare.key
cryptsetup luksAddKey -q --unbound --key-size 512 --key-slot 1 --pbkdf argon2id --pbkdf-memory 19456 --pbkdf-parallel 1 \
    --pbkdf-force-iterations 4 "$disk" /run/spare.key
rm /run/spare.key
