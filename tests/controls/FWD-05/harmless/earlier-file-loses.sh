#!/bin/bash
# An earlier file names a stranger, and our empty line begins anew.
# kind: precedence
# image: both
set -eu
printf '[Time]\nNTP=time.stranger.example\n' >/etc/systemd/timesyncd.conf.d/10-local.conf
systemctl restart systemd-timesyncd
