#!/bin/bash
# ENC-13 by looking: what the kernel swaps to, and the swap that fstab would switch on, lies on dm-crypt or in memory.
# Prints compliant or drifted, then why.
set -u
encrypted() {
    case $(cat "/sys/class/block/$1/dm/uuid" 2>/dev/null) in CRYPT-LUKS* | CRYPT-PLAIN*) return 0 ;; esac
    local below=0 one
    for one in "/sys/class/block/$1/slaves"/*; do
        [ -e "$one" ] || continue
        below=1
        encrypted "$(basename "$one")" || return 1
    done
    [ $below = 1 ]
}
wrong=""
listed=$(findmnt --fstab --types swap --noheadings --evaluate --output SOURCE)
for path in $(swapon --show=NAME --noheadings --raw) $listed; do
    [ -e "$path" ] || continue
    if [ -f "$path" ]; then path=$(df --output=source "$path" | tail -1); fi
    name=$(basename "$(readlink -f "$path")")
    case $name in zram*) continue ;; esac
    encrypted "$name" || wrong="$wrong $name"
done
if [ -z "$wrong" ]; then echo compliant; else echo drifted; fi
echo "swap in clear:$wrong"
