#!/bin/bash
# The first pattern for sessions counts, and here it never ends them.
# kind: precedence
# image: server
# flips: REM-07
# expect: drifted
set -eu
sed -i 's/^ChannelTimeout .*/ChannelTimeout *=0 session*=5m/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
