#!/bin/bash
# journald no longer hands messages to rsyslog, so it has nothing to send.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nForwardToSyslog=no\n' >/etc/systemd/journald.conf.d/zz-a.conf
systemctl restart systemd-journald
