#!/bin/bash
# A recovery key was added, and its slot has another number than the last.
# kind: value
# image: encrypted
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
PASSWORD="$PASSPHRASE" systemd-cryptenroll --recovery-key "$disk" > /dev/null
