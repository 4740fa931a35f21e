#!/bin/bash
# Stricter numbers than the baseline's.
# kind: value
# image: server
set -eu
sed -i -E 's/^(MaxAuthTries) .*/\1 2/; s/^(LoginGraceTime) .*/\1 20s/; s/^(MaxStartups) .*/\1 5:20:30/' \
    /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
