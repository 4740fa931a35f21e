#!/bin/bash
# Shorter times, written in minutes.
# kind: value
# image: server
set -eu
sed -i 's/^ChannelTimeout .*/ChannelTimeout agent-connection=10m session=2m/; s/^ClientAliveInterval .*/ClientAliveInterval 1m/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
