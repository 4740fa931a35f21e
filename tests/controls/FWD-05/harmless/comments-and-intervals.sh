#!/bin/bash
# Comments and other settings beside it.
# kind: syntax
# image: both
set -eu
printf '[Time]\n# NTP=time.stranger.example\n;NTP=x\nPollIntervalMaxSec=1024\n' \
    >/etc/systemd/timesyncd.conf.d/zzz-local.conf
systemctl restart systemd-timesyncd
