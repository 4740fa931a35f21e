#!/bin/bash
# sshd listens on a second port as well, with the same rules.
# kind: value
# image: server
set -eu
printf 'Port 22\nPort 2222\n' >/etc/ssh/sshd_config.d/20-ports.conf
systemctl restart ssh
