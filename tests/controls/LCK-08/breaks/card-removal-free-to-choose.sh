#!/bin/bash
# The lock of removal-action was lost.
# kind: lock_removed
# image: gnome
# flips: LCK-08
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/removal-action$#d' {} +
dconf update
