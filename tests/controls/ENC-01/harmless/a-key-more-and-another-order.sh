#!/bin/bash
# A data disk opens by a key file that lies on the encrypted root, listed in crypttab before the root, with a comment.
# kind: value
# image: encrypted
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
modprobe scsi_debug dev_size_mb=64
udevadm settle
disk=$(lsblk -dno PATH,VENDOR,MODEL | awk '/Linux/ && /scsi_debug/ { print $1; exit }')
install -d -m 700 /etc/cryptsetup-keys.d
(umask 077; head -c 64 /dev/urandom > /etc/cryptsetup-keys.d/data.key)
cheap=(--pbkdf argon2id --pbkdf-memory 19456 --pbkdf-parallel 1 --pbkdf-force-iterations 4)
cryptsetup luksFormat -q "${cheap[@]}" --key-file /etc/cryptsetup-keys.d/data.key "$disk"
printf '%s' "$PASSPHRASE" > /run/spare.key
cryptsetup luksAddKey -q "${cheap[@]}" --key-file /etc/cryptsetup-keys.d/data.key "$disk" /run/spare.key
rm /run/spare.key
cryptsetup open --key-file /etc/cryptsetup-keys.d/data.key "$disk" data
printf '# the second disk\ndata UUID=%s /etc/cryptsetup-keys.d/data.key luks,nofail\n' "$(cryptsetup luksUUID "$disk")" |
    cat - /etc/crypttab > /etc/crypttab.new
mv /etc/crypttab.new /etc/crypttab
mkfs.ext4 -q /dev/mapper/data
mkdir -p /srv/data
mount /dev/mapper/data /srv/data
udevadm settle
