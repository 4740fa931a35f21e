#!/bin/bash
# A profile without a password: Remmina asks each time.
# kind: value
# image: gnome
set -eu
install -d -o teacher -g teacher /home/teacher/.local/share/remmina
cat >/home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina <<'EOF'
[remmina]
name=office
protocol=RDP
server=192.0.2.1
username=teacher
password=
EOF
chmod 0600 /home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina
chown teacher: /home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina
