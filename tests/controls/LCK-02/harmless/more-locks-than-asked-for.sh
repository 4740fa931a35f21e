#!/bin/bash
# The school locks its wallpaper as well.
# kind: lock_removed
# image: gnome
set -eu
echo /org/gnome/desktop/background/picture-uri >/etc/dconf/db/local.d/locks/wallpaper
dconf update
