#!/bin/bash
# The lock of lock-enabled is gone; everybody may switch it off.
# kind: lock_removed
# image: gnome
# flips: LCK-02 LCK-04
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/screensaver/lock-enabled$#d' {} +
dconf update
