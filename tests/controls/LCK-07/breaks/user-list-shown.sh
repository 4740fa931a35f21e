#!/bin/bash
# The greeter shows the list of users again, and gdm was reloaded.
# kind: value
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
sed -i 's/^disable-user-list=.*/disable-user-list=false/' /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
