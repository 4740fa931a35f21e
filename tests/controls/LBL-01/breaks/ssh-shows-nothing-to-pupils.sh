#!/bin/bash
# A Match block takes the banner away for everybody in the group of pupils.
# kind: per_user
# image: server
# flips: LBL-01
# expect: drifted
# mends: no
set -eu
printf '\nMatch Group pupil\n    Banner none\n' >>/etc/ssh/sshd_config
systemctl reload ssh
