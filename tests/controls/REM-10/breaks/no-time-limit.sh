#!/bin/bash
# LoginGraceTime 0 means that there is no limit.
# kind: value
# image: server
# flips: REM-10
# expect: drifted
set -eu
sed -i 's/^LoginGraceTime .*/LoginGraceTime 0/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
