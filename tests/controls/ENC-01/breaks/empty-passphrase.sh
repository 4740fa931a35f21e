#!/bin/bash
# Somebody wanted the machine to start without being asked, and gave the disk an empty passphrase as well.
# kind: value
# image: encrypted
# flips: ENC-01 ENC-03
# expect: drifted
# mends: no
# The lab gives the passphrase of the disk as PASSPHRASE.
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
key=/run/leeboard-test.key
(umask 077; printf '%s' "$PASSPHRASE" > "$key")
printf '\n' | cryptsetup luksAddKey -q --pbkdf-memory 19456 --pbkdf-force-iterations 4 --key-file "$key" "$disk"
rm -f "$key"
