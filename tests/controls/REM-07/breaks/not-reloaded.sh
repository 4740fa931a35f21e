#!/bin/bash
# The limit is in the file again, but sshd still runs without it.
# kind: not_loaded
# image: server
# flips: REM-07
# expect: pending
# also: REM-10 pending, LBL-01 pending
set -eu
echo 'ChannelTimeout none' >/etc/ssh/sshd_config.d/00-vendor.conf
systemctl reload ssh
sleep 2
rm /etc/ssh/sshd_config.d/00-vendor.conf
