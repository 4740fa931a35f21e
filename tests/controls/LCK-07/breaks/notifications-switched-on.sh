#!/bin/bash
# Notifications on the locked screen were switched on for a demonstration.
# kind: value
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^show-in-lock-screen=.*/show-in-lock-screen=true/' {} +
dconf update
