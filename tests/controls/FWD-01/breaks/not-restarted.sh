#!/bin/bash
# rsyslog was started with plain text, and the file that was put right is not loaded yet.
# kind: not_loaded
# image: gnome
# flips: FWD-01 FWD-02
# expect: pending
set -eu
cp -p /etc/rsyslog.d/00-leeboard.conf /root/good
sed -i 's/streamDriverMode="1"/streamDriverMode="0"/' /etc/rsyslog.d/00-leeboard.conf
systemctl restart rsyslog
sleep 2
cp /root/good /etc/rsyslog.d/00-leeboard.conf
