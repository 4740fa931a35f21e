#!/bin/bash
# The screen goes dark in time, but the password is asked for an hour later.
# kind: value
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
cat >/etc/dconf/db/local.d/zzz-comfort <<'END'
[org/gnome/desktop/screensaver]
lock-delay=uint32 3600
END
dconf update
