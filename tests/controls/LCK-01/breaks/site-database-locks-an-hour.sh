#!/bin/bash
# The authority's own database stands below ours in the profile: its lock hides our value (dconf(7)).
# kind: precedence
# image: gnome
# flips: LCK-01
# expect: drifted
set -eu
mkdir -p /etc/dconf/db/site.d/locks
cat >/etc/dconf/db/site.d/10-screen <<'END'
[org/gnome/desktop/session]
idle-delay=uint32 3600
END
echo /org/gnome/desktop/session/idle-delay >/etc/dconf/db/site.d/locks/10-screen
echo system-db:site >>/etc/dconf/profile/user
dconf update
