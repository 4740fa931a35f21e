#!/bin/bash
# The drop-in that silenced sshd was removed, but sshd still runs with it.
# kind: not_loaded
# image: server
# flips: LBL-01
# expect: pending
# also: REM-07 pending, REM-10 pending
set -eu
echo 'Banner none' >/etc/ssh/sshd_config.d/00-aaa.conf
systemctl reload ssh
sleep 2
rm /etc/ssh/sshd_config.d/00-aaa.conf
