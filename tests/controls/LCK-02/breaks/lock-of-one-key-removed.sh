#!/bin/bash
# One line of the locks was lost in an edit.
# kind: lock_removed
# image: gnome
# flips: LCK-02
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/screensaver/lock-delay$#d' {} +
dconf update
