#!/bin/bash
# A Match block takes the limit away from one group.
# kind: per_user
# image: server
# flips: REM-07
# expect: drifted
# mends: no
set -eu
printf '\nMatch Group pupil\n    ChannelTimeout session*=0\n' >>/etc/ssh/sshd_config
systemctl reload ssh
