#!/bin/bash
# ENC-09 by asking cryptsetup in words: does the header of any disk say that a re-encryption is under way? Prints
# compliant or drifted. (What a TPM would do after an update needs a machine with a token.)
set -u
wrong=""
for path in $(blkid -t TYPE=crypto_LUKS -o device); do
    cryptsetup luksDump "$path" | grep -qE '^Requirements:.*reencrypt' && wrong="$wrong $path"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "half done:$wrong"
