#!/bin/bash
# A part of journald with an earlier name than the distribution's own has no effect.
# kind: precedence
# image: gnome
set -eu
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nForwardToSyslog=no\n' >/etc/systemd/journald.conf.d/60-x.conf
systemctl restart systemd-journald
