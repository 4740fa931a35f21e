#!/bin/bash
# A line above the Include in the main file names another file.
# kind: precedence
# image: server
# flips: LBL-01
# expect: drifted
# mends: no
set -eu
echo 'Authorised staff only' >/etc/ssh/welcome
sed -i '1i Banner /etc/ssh/welcome' /etc/ssh/sshd_config
systemctl reload ssh
