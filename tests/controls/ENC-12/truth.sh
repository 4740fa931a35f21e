#!/bin/bash
# ENC-12 by looking: each open volume is a dm-crypt mapping of the kernel, and no header names the drive's own
# encryption (OPAL). Prints compliant or drifted, then why.
set -u
wrong=""
for disk in $(blkid -t TYPE=crypto_LUKS -o device); do
    cryptsetup luksDump "$disk" 2>/dev/null | grep -qiE '^ +[0-9]+: hw-opal$' && wrong="$wrong $disk"
done
for uuid in /sys/class/block/dm-*/dm/uuid; do
    case $(cat "$uuid" 2>/dev/null) in CRYPT-LUKS*) ;; *) continue ;; esac
    name=$(cat "$(dirname "$uuid")/name")
    [ "$(dmsetup status "$name" | awk '{ print $3 }')" = crypt ] || wrong="$wrong $name"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "by the drive:$wrong"
