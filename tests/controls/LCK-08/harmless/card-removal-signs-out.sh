#!/bin/bash
# force-logout is stricter than locking.
# kind: value
# image: gnome
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i "s/^removal-action=.*/removal-action='force-logout'/" {} +
dconf update
