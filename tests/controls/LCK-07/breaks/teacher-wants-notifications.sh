#!/bin/bash
# The lock was lost, and one teacher has switched notifications on.
# kind: per_user
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/show-in-lock-screen$#d' {} +
dconf update
runuser -l teacher -c 'dbus-run-session -- gsettings set org.gnome.desktop.notifications show-in-lock-screen true'
