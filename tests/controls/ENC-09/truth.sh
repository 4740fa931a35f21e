#!/bin/bash
# ENC-09 by asking cryptsetup in words: does the header of any disk say that a re-encryption is under way,
# and does the TPM still give away the key of a token without a PIN? Prints compliant or drifted.
set -u
wrong=""
for path in $(blkid -t TYPE=crypto_LUKS -o device); do
    cryptsetup luksDump "$path" | grep -qE '^Requirements:.*reencrypt' && wrong="$wrong $path"
    cryptsetup luksDump "$path" | grep -q 'tpm2-pin: *false' || continue
    cryptsetup open --test-passphrase --token-only --token-type systemd-tpm2 "$path" || wrong="$wrong $path:tpm"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "half done:$wrong"
