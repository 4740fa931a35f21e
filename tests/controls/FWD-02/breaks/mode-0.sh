#!/bin/bash
# The driver for TLS stands there, and mode 0 makes it plain TCP.
# kind: value
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/streamDriverMode="1"/streamDriverMode="0"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
