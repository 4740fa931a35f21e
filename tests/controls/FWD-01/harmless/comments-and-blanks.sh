#!/bin/bash
# Comments, blank lines and other spelling in our file.
# kind: syntax
# image: gnome
set -eu
ours=/etc/rsyslog.d/00-leeboard.conf
{
    printf '\n\n/* the office: *.* stop */\n# *.* stop\n'
    sed 's/^action(type="omfwd"/ACTION ( type = "omfwd" \n  /' "$ours"
    echo '   '
} >/root/other
mv /root/other "$ours"
systemctl restart rsyslog
