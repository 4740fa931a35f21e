#!/bin/bash
# The TPM was given a PIN that the start-up image of initramfs-tools cannot ask for: it wants the passphrase instead.
# kind: precedence
# image: encrypted
# flips: ENC-03
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE; the machine has a TPM and the package systemd-cryptsetup.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
NEWPIN=482913 PASSWORD="$PASSPHRASE" systemd-cryptenroll --tpm2-device=auto --tpm2-with-pin=yes --tpm2-pcrs=7 "$disk"
