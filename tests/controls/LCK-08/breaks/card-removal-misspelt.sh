#!/bin/bash
# lock_screen with an underscore is no value of the schema: the default, none, counts.
# kind: syntax
# image: gnome
# flips: LCK-08
# expect: drifted
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i "s/^removal-action=.*/removal-action='lock_screen'/" {} +
dconf update
