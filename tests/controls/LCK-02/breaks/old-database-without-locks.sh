#!/bin/bash
# The locks were put back with their old times, but the database was compiled while they were gone.
# kind: not_loaded
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
cp -a /etc/dconf/db/local.d /root/local.d.backup
rm -r /etc/dconf/db/local.d/locks
sleep 1
dconf update
rm -r /etc/dconf/db/local.d
cp -a /root/local.d.backup /etc/dconf/db/local.d
