#!/bin/bash
# The lock line of idle-delay is gone, and one pupil has chosen an hour.
# kind: per_user
# image: gnome
# flips: LCK-01 LCK-02
# expect: drifted
set -eu
find /etc/dconf/db/local.d/locks -type f -exec sed -i '\#/session/idle-delay$#d' {} +
dconf update
runuser -l pupil -c 'dbus-run-session -- gsettings set org.gnome.desktop.session idle-delay 3600'
