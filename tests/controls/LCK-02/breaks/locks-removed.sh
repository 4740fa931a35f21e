#!/bin/bash
# The lock files were deleted and the database compiled again: values are now suggestions.
# kind: lock_removed
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
find /etc/dconf/db/local.d/locks -type f -delete
dconf update
