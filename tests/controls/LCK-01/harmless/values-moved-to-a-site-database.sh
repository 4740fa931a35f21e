#!/bin/bash
# The authority keeps its key files and locks in a database of another name; the profile names it.
# kind: precedence
# image: gnome
set -eu
mv /etc/dconf/db/local.d /etc/dconf/db/site.d
sed -i 's/^system-db:local/system-db:site/' /etc/dconf/profile/user
dconf update
rm -f /etc/dconf/db/local
