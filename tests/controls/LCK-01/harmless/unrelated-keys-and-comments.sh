#!/bin/bash
# A wallpaper, comments and blank lines stand in the same files.
# kind: value
# image: gnome
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i '1i # changed by the technician\n' {} +
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i '$a \\n[org/gnome/desktop/background]\npicture-uri='"'file:///usr/share/pixmaps/debian-logo.png'" {} +
dconf update
