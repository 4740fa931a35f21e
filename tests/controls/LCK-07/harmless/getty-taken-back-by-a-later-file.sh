#!/bin/bash
# An old drop-in for automatic sign-in is taken back by one that is read after it.
# kind: precedence
# image: gnome
set -eu
mkdir -p /etc/systemd/system/getty@.service.d
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin pupil --noclear - $TERM\n' \
    >/etc/systemd/system/getty@.service.d/10-old.conf
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --noclear - $TERM\n' \
    >/etc/systemd/system/getty@.service.d/20-asks.conf
systemctl daemon-reload
