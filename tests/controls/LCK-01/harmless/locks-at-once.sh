#!/bin/bash
# lock-delay 0 is the strictest of all.
# kind: value
# image: gnome
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^lock-delay=.*/lock-delay=uint32 0/' {} +
dconf update
