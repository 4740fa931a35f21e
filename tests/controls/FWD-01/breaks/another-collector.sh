#!/bin/bash
# The file names another machine as the collector.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
sed -i 's/target="localhost"/target="127.0.0.2"/; s/port="6514"/port="514"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
