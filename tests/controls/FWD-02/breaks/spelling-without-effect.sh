#!/bin/bash
# A spelling that newer versions know is taken by this rsyslogd, and has no effect.
# kind: syntax
# image: gnome
# flips: FWD-02
# expect: drifted
set -eu
sed -i 's/streamDriverMode=/streamDriver.mode=/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
