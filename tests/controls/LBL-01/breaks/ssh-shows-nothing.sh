#!/bin/bash
# A drop-in with a lower name says Banner none: for sshd the first value counts (sshd_config(5)).
# kind: precedence
# image: server
# flips: LBL-01
# expect: drifted
# mends: no
set -eu
echo 'Banner none' >/etc/ssh/sshd_config.d/00-aaa.conf
systemctl reload ssh
