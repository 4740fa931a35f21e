#!/bin/bash
# The same in the Flatpak of Remmina, which keeps its profiles elsewhere, and in the keyring.
# kind: per_user
# image: gnome
# flips: REM-09
# expect: drifted
set -eu
install -d -o pupil -g pupil /home/pupil/.var/app/org.remmina.Remmina/data/remmina
cat >/home/pupil/.var/app/org.remmina.Remmina/data/remmina/group_rdp_office_192-0-2-1.remmina <<'EOF'
[remmina]
name=office
protocol=RDP
server=192.0.2.1
username=teacher
password=.
EOF
chmod 0600 /home/pupil/.var/app/org.remmina.Remmina/data/remmina/group_rdp_office_192-0-2-1.remmina
chown pupil: /home/pupil/.var/app/org.remmina.Remmina/data/remmina/group_rdp_office_192-0-2-1.remmina
