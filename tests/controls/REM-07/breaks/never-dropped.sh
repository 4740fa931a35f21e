#!/bin/bash
# ClientAliveCountMax 0 never drops anybody.
# kind: value
# image: server
# flips: REM-07
# expect: drifted
set -eu
sed -i 's/^ClientAliveCountMax .*/ClientAliveCountMax 0/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
