#!/bin/bash
# The lock of show-in-lock-screen was lost; nobody has changed it yet.
# kind: lock_removed
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/show-in-lock-screen$#d' {} +
dconf update
