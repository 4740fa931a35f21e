#!/bin/bash
# All slots but the first were wiped.
# kind: value
# image: encrypted
# flips: ENC-06
# expect: drifted
# mends: no
set -eu
disk=$(cryptsetup status root | awk '$1 == "device:" { print $2 }')
cryptsetup luksDump "$disk" |
    awk '/^Keyslots:/ { on = 1 } /^Tokens:/ { on = 0 } on && /^  [0-9]+:/ { print int($1) }' | tail -n +2 |
    while read -r slot; do cryptsetup luksKillSlot -q "$disk" "$slot"; done
