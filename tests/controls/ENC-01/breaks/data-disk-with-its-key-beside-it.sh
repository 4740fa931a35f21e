#!/bin/bash
# A second disk was encrypted, and its key file laid on /boot, which is not.
# kind: precedence
# image: encrypted
# flips: ENC-01
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
cheap=(--pbkdf argon2id --pbkdf-memory 19456 --pbkdf-parallel 1 --pbkdf-force-iterations 4)
(umask 077; head -c 64 /dev/urandom > /boot/data.key)
printf '%s' "$PASSPHRASE" | cryptsetup luksFormat -q "${cheap[@]}" --key-file - "$disk"
printf '%s' "$PASSPHRASE" | cryptsetup luksAddKey -q "${cheap[@]}" --key-file - "$disk" /boot/data.key
cryptsetup open --key-file /boot/data.key "$disk" data
printf 'data UUID=%s /boot/data.key luks,nofail\n' "$(cryptsetup luksUUID "$disk")" >> /etc/crypttab
mkfs.ext4 -q /dev/mapper/data
mkdir -p /srv/data
mount /dev/mapper/data /srv/data
udevadm settle
