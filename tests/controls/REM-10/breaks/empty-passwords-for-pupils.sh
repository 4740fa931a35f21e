#!/bin/bash
# A Match block lets the group of pupils in without a password.
# kind: per_user
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
printf '\nMatch Group pupil\n    PermitEmptyPasswords yes\n' >>/etc/ssh/sshd_config
systemctl reload ssh
