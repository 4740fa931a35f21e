#!/bin/bash
# ENC-13 by looking: what the kernel swaps to, and the swap that fstab would switch on, lies on dm-crypt or in memory.
# Prints compliant or drifted, then why.
set -u
# shellcheck source=tests/controls/truth_disks.sh
. "${0%/*}/truth_disks.sh" || exit
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
