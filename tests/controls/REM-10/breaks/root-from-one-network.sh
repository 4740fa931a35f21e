#!/bin/bash
# A Match block lets root in with a key from the school's network.
# kind: per_user
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
printf '\nMatch Address 10.0.0.0/8 User root\n    PermitRootLogin prohibit-password\n' >>/etc/ssh/sshd_config
systemctl reload ssh
