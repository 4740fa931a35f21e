#!/bin/bash
# Root's way in was taken out of the files, but sshd still runs with it.
# kind: not_loaded
# image: server
# flips: REM-10
# expect: pending
# also: REM-07 pending, LBL-01 pending
set -eu
echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/00-vendor.conf
systemctl reload ssh
sleep 2
rm /etc/ssh/sshd_config.d/00-vendor.conf
