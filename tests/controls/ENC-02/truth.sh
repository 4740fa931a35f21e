#!/bin/bash
# ENC-02 by looking: cipher and key that the kernel uses for each open dm-crypt mapping. Prints compliant or drifted.
set -u
least=32; [ "$LEVEL" = standard ] || least=64
wrong=""
for name in $(dmsetup ls --target crypt 2>/dev/null | awk '/\(/ { print $1 }'); do
    said=$(cryptsetup status "$name")
    cipher=$(awk '$1 == "cipher:" { print $2 }' <<<"$said")
    bits=$(awk '$1 == "keysize:" { print $2 }' <<<"$said")
    [ "$cipher" = aes-xts-plain64 ] && [ "${bits:-0}" -ge $((least * 8)) ] || wrong="$wrong $name:$cipher/$bits"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "weak:$wrong"
