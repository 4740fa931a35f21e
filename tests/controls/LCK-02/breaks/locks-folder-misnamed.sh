#!/bin/bash
# The folder is called lock instead of locks, as in many instructions on the web.
# kind: lock_removed
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
mv /etc/dconf/db/local.d/locks /etc/dconf/db/local.d/lock
dconf update
