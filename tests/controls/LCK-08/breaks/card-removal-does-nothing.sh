#!/bin/bash
# The reaction to taking out the card was set to none after complaints.
# kind: value
# image: gnome
# flips: LCK-08
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i "s/^removal-action=.*/removal-action='none'/" {} +
dconf update
