#!/bin/bash
# SSHD_OPTS in /etc/default/ssh beats every file.
# kind: precedence
# image: server
# flips: REM-10
# expect: drifted
# mends: no
set -eu
echo 'SSHD_OPTS="-oMaxAuthTries=50"' >>/etc/default/ssh
systemctl restart ssh
