#!/bin/bash
# Messages for programmers are not sent.
# kind: value
# image: gnome
set -eu
sed -i 's/^action(/*.info action(/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
