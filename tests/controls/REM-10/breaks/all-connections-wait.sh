#!/bin/bash
# MaxStartups in the old form, with one number. Of MaxStartups sshd takes the last value (tried with 10.0p1), so that a
# roll-out, whose file is read first, cannot put it right.
# kind: value
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
sed -i 's/^MaxStartups .*/MaxStartups 200/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
