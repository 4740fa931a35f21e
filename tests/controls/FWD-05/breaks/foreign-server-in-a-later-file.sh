#!/bin/bash
# A later file adds a stranger's server: lists add up.
# kind: precedence
# image: both
# flips: FWD-05
# expect: drifted
# mends: no
set -eu
printf '[Time]\nNTP=time.stranger.example\n' >/etc/systemd/timesyncd.conf.d/zzz-local.conf
systemctl restart systemd-timesyncd
