#!/bin/bash
# Somebody edited a key file and never ran dconf update: users still get the right value, and the finding says so.
# kind: not_loaded
# image: gnome
set -eu
find /etc/dconf/db/local.d -maxdepth 1 -type f -exec sed -i 's/^idle-delay=.*/idle-delay=uint32 3600/' {} +
