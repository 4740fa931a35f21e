#!/bin/bash
# Somebody gets a copy of all messages, by UDP as in the last century.
# kind: value
# image: gnome
# flips: FWD-01 FWD-02
# expect: drifted
# mends: no
set -eu
echo '*.* @127.0.0.2:514' >/etc/rsyslog.d/60-copy.conf
systemctl restart rsyslog
