#!/bin/bash
# A drop-in with a lower name lets root in: for sshd the first value counts.
# kind: precedence
# image: server
# flips: REM-10
# expect: drifted
set -eu
echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/00-vendor.conf
systemctl reload ssh
