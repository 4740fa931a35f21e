#!/bin/bash
# The modes are as they should be; by an access list on the folder a pupil may put another profile in a key's place.
# kind: per_user
# image: gnome
# flips: REM-05
# expect: drifted
set -eu
cat >/etc/NetworkManager/system-connections/club.nmconnection <<'CONF'
[connection]
id=club
type=ethernet
autoconnect=false
interface-name=none0
CONF
chmod 0600 /etc/NetworkManager/system-connections/club.nmconnection
setfacl -m u:pupil:rwx /etc/NetworkManager/system-connections
