#!/bin/bash
# A Match block that says the same.
# kind: per_user
# image: server
set -eu
printf '\nMatch Address 192.168.0.0/16,!192.168.7.0/24\n    PermitRootLogin no\n    MaxAuthTries 3\n' \
    >>/etc/ssh/sshd_config
systemctl reload ssh
