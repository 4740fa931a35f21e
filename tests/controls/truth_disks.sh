#!/bin/bash
# For truth scripts, which read this file: `encrypted NAME` looks in /sys whether all that a block device lies on is
# dm-crypt.

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
