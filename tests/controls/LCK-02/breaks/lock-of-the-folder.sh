#!/bin/bash
# Somebody replaced the key's line by its folder, which locks nothing (tried on Debian 13).
# kind: lock_removed
# image: gnome
# flips: LCK-02
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i 's#^/org/gnome/desktop/session/idle-delay$#/org/gnome/desktop/session/#' {} +
dconf update
