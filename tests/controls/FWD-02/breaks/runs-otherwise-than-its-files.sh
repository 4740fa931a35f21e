#!/bin/bash
# rsyslog was started with UDP and its file put back with the old date, so that no file shows how lines go away.
# kind: not_loaded
# image: gnome
# flips: FWD-01 FWD-02
# expect: drifted
set -eu
file=/etc/rsyslog.d/00-leeboard.conf
cp -p "$file" /root/kept
sed -i 's/protocol="tcp"/protocol="udp"/' "$file"
systemctl restart rsyslog
sleep 2
logger -p auth.info "a line by UDP"
cp -p /root/kept "$file"
touch -d 2025-01-01 "$file" /etc/rsyslog.d
