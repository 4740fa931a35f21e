#!/bin/bash
# lock-enabled=false: the laptop wakes to the desktop.
# kind: value
# image: gnome
# flips: LCK-01 LCK-04
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^lock-enabled=.*/lock-enabled=false/' {} +
dconf update
