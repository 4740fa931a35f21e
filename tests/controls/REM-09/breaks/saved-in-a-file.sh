#!/bin/bash
# A teacher saved the password of the office server in Remmina, which can decrypt it without asking.
# kind: value
# image: gnome
# flips: REM-09
# expect: drifted
set -eu
install -d -o teacher -g teacher /home/teacher/.local/share/remmina
cat >/home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina <<'EOF'
[remmina]
name=office
protocol=RDP
server=192.0.2.1
username=teacher
password=c2F2ZWQ=
EOF
chmod 0600 /home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina
chown teacher: /home/teacher/.local/share/remmina/group_rdp_office_192-0-2-1.remmina
