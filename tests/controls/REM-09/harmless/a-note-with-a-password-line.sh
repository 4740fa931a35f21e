#!/bin/bash
# A text file that only looks like a profile.
# kind: value
# image: gnome
set -eu
install -d -o teacher -g teacher /home/teacher/.local/share/remmina
cat >/home/teacher/.local/share/remmina/notes.txt <<'EOF'
[remmina]
name=office
protocol=RDP
server=192.0.2.1
username=teacher
password=c2F2ZWQ=
EOF
chmod 0600 /home/teacher/.local/share/remmina/notes.txt
chown teacher: /home/teacher/.local/share/remmina/notes.txt
