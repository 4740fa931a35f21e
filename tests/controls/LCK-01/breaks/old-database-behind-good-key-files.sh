#!/bin/bash
# Key files came back from a backup with their old times; nobody ran dconf update, users still get an hour.
# kind: not_loaded
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
cp -a /etc/dconf/db/local.d /root/local.d.backup
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^idle-delay=.*/idle-delay=uint32 3600/' {} +
sleep 1
dconf update
rm -r /etc/dconf/db/local.d
cp -a /root/local.d.backup /etc/dconf/db/local.d
