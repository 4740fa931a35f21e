#!/bin/bash
# The lock of lock-enabled is gone, and one teacher switched locking off in the settings.
# kind: per_user
# image: gnome
# flips: LCK-01 LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/screensaver/lock-enabled$#d' {} +
dconf update
runuser -l teacher -c 'dbus-run-session -- gsettings set org.gnome.desktop.screensaver lock-enabled false'
