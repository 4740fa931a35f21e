#!/bin/bash
# A dead connection is asked for only every two hours.
# kind: precedence
# image: server
# flips: REM-07
# expect: drifted
set -eu
echo 'ClientAliveInterval 2h' >/etc/ssh/sshd_config.d/00-vendor.conf
systemctl reload ssh
