#!/bin/bash
# A container was made with the options of an old guide: CBC, and half the key.
# kind: value
# image: server
# flips: ENC-02
# expect: drifted
# also: ENC-12 compliant
# mends: no
set -eu
truncate -s 32M /srv/vault.img
printf 'a long passphrase' | cryptsetup luksFormat -q --cipher aes-cbc-essiv:sha256 --key-size 256 \
    --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - /srv/vault.img
printf 'a long passphrase' | cryptsetup open --key-file - /srv/vault.img vault
mkfs.ext4 -q /dev/mapper/vault
mkdir -p /srv/vault
mount /dev/mapper/vault /srv/vault
udevadm settle
