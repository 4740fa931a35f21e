#!/bin/bash
# The TPM has a PIN, and the next start's image is one of dracut, which asks for it.
# kind: value
# image: encrypted
# The lab gives the passphrase of the disk as PASSPHRASE; the machine has a TPM and an image of dracut in /boot.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
NEWPIN=482913 PASSWORD="$PASSPHRASE" systemd-cryptenroll --tpm2-device=auto --tpm2-with-pin=yes --tpm2-pcrs=7 "$disk"
cp --preserve=timestamps /boot/dracut-*.img "$(find /boot -name 'initrd.img-*' | sort -V | tail -1)"
