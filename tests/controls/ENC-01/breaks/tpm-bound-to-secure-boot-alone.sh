#!/bin/bash
# The TPM opens the disk without a PIN, bound to PCR 7 alone: the boot menu can be edited.
# kind: value
# image: encrypted
# flips: ENC-01 ENC-03
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE; the machine has a TPM and the package systemd-cryptsetup.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
PASSWORD="$PASSPHRASE" systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7 "$disk"
