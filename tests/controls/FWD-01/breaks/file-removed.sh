#!/bin/bash
# Our file was deleted, and nothing is sent any more.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
rm /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
