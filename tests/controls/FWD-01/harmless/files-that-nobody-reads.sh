#!/bin/bash
# Files in the folder whose names rsyslog does not read.
# kind: precedence
# image: gnome
set -eu
echo '*.* stop' | tee /etc/rsyslog.d/00-a.conf.bak >/etc/rsyslog.d/.00-a.conf
systemctl restart rsyslog
