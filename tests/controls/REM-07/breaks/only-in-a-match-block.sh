#!/bin/bash
# The limit stands in Match blocks only. sshd -T prints it for everybody, and OpenSSH 10.0p1 takes it for nobody (tried).
# kind: not_loaded
# image: server
# flips: REM-07
# expect: drifted
set -eu
sed -i '/^ChannelTimeout/d' /etc/ssh/sshd_config.d/10-school.conf
printf '\nMatch User *\n    ChannelTimeout session*=5m\n' >>/etc/ssh/sshd_config
systemctl reload ssh
