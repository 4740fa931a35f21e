#!/bin/bash
# A container with today's defaults was opened.
# kind: value
# image: server
# also: ENC-02 compliant, ENC-12 compliant
set -eu
truncate -s 32M /srv/vault.img
printf 'a long passphrase' | cryptsetup luksFormat -q --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - \
    /srv/vault.img
printf 'a long passphrase' | cryptsetup open --key-file - /srv/vault.img vault
mkfs.ext4 -q /dev/mapper/vault
mkdir -p /srv/vault
mount /dev/mapper/vault /srv/vault
udevadm settle
