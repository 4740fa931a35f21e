#!/bin/bash
# Shorter times, written in minutes.
# kind: value
# image: server
set -eu
sed -i -E 's/^(ChannelTimeout) .*/\1 agent-connection=10m session:*=2m/; s/^(ClientAliveInterval) .*/\1 1m/' \
    /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
