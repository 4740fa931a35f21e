#!/bin/bash
# All lock lines were commented out for a test and forgotten.
# kind: lock_removed
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i 's/^/#/' {} +
dconf update
