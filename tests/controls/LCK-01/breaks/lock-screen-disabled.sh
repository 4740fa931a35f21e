#!/bin/bash
# disable-lock-screen was set for a kiosk and stayed: nothing locks any more, not even by Super+L.
# kind: value
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^disable-lock-screen=.*/disable-lock-screen=true/' {} +
dconf update
