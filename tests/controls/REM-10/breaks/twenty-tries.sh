#!/bin/bash
# Somebody who forgot his passphrase raised the number of tries.
# kind: value
# image: server
# flips: REM-10
# expect: drifted
set -eu
sed -i 's/^MaxAuthTries .*/MaxAuthTries 20/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
