#!/bin/bash
# The main file no longer includes the folder in which our file lies.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
sed -i 's/^.IncludeConfig/#&/' /etc/rsyslog.conf
systemctl restart rsyslog
