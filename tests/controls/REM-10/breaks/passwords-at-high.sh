#!/bin/bash
# At level high a drop-in brought passwords back.
# kind: precedence
# image: server
# level: high
# flips: REM-10
# expect: drifted
set -eu
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/05-passwords.conf
systemctl reload ssh
