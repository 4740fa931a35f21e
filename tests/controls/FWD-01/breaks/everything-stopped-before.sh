#!/bin/bash
# A file that is read earlier throws every message away.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
echo '*.* stop' >/etc/rsyslog.d/00-aaa.conf
systemctl restart rsyslog
