#!/bin/bash
# The limit is written as sshd_config(5) shows it, session=5m, which never ends a shell or a command in 10.0p1 (tried).
# kind: value
# image: server
# flips: REM-07
# expect: drifted
set -eu
sed -i 's/^ChannelTimeout .*/ChannelTimeout session=5m/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
