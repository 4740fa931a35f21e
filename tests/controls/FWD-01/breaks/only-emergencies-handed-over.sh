#!/bin/bash
# journald hands only the worst messages to rsyslog.
# kind: value
# image: gnome
# flips: FWD-01
# expect: drifted
# mends: no
set -eu
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nMaxLevelSyslog=crit\n' >/etc/systemd/journald.conf.d/10-quiet.conf
systemctl restart systemd-journald
