#!/bin/bash
# The file by which the distribution lets journald hand messages over was masked.
# kind: precedence
# image: gnome
# flips: FWD-01
# expect: drifted
set -eu
mkdir -p /etc/systemd/journald.conf.d
ln -s /dev/null /etc/systemd/journald.conf.d/syslog.conf
systemctl restart systemd-journald
