#!/bin/bash
# A Match block for a second port allows any number of tries.
# kind: per_user
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
printf '\nMatch LocalPort 2222\n    MaxAuthTries 100\n' >>/etc/ssh/sshd_config
systemctl reload ssh
