#!/bin/bash
# The lock names another key: idle_delay with an underscore.
# kind: lock_removed
# image: gnome
# flips: LCK-02
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i 's#/session/idle-delay$#/session/idle_delay#' {} +
dconf update
