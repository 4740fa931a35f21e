#!/bin/bash
# Stricter numbers than the baseline's.
# kind: value
# image: server
set -eu
sed -i 's/^MaxAuthTries .*/MaxAuthTries 2/; s/^LoginGraceTime .*/LoginGraceTime 20s/; s/^MaxStartups .*/MaxStartups 5:20:30/' /etc/ssh/sshd_config.d/10-school.conf
systemctl reload ssh
