#!/bin/bash
# Another tool's key file, read after ours, gives an hour.
# kind: precedence
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
cat >/etc/dconf/db/local.d/zzz-classroom <<'END'
[org/gnome/desktop/session]
idle-delay=uint32 3600
END
dconf update
