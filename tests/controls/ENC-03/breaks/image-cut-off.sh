#!/bin/bash
# /boot was full while the start-up image was written.
# kind: syntax
# image: encrypted
# flips: ENC-03
# expect: error
# mends: no
set -eu
image=$(find /boot -name 'initrd.img-*' | sort -V | tail -1)
truncate -s "$(($(stat -c %s "$image") / 2))" "$image"
