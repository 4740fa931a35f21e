#!/bin/bash
# The value stands in quotes: a text where a switch is meant, so the default, true, counts.
# kind: syntax
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i "s/^show-in-lock-screen=.*/show-in-lock-screen='false'/" {} +
dconf update
