#!/bin/bash
# Comments, blank lines and other spelling in our file.
# kind: syntax
# image: gnome
set -eu
{ printf '\n\n/* the office: *.* stop */\n# *.* stop\n'; sed 's/^action(type="omfwd"/ACTION ( type = "omfwd" \\\n  /' /etc/rsyslog.d/00-leeboard.conf; echo '   '; } >/root/other
mv /root/other /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
