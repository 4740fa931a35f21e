#!/bin/bash
# A wildcard ends every idle channel, sessions as well.
# kind: value
# image: server
set -eu
sed -i 's/^ChannelTimeout .*/ChannelTimeout *=300/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
