#!/bin/bash
# A teacher complained, and somebody set the idle time to 'never' for everybody.
# kind: value
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^idle-delay=.*/idle-delay=uint32 0/' {} +
dconf update
