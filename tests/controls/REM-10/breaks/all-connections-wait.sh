#!/bin/bash
# MaxStartups in the old form, with one number; sshd takes the last value of it, so that a roll-out does not mend it.
# kind: value
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
sed -i 's/^MaxStartups .*/MaxStartups 200/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
