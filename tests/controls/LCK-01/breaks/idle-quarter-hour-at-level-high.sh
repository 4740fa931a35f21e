#!/bin/bash
# The value of level standard was copied to a machine of level high.
# kind: value
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^idle-delay=.*/idle-delay=uint32 900/' {} +
dconf update
