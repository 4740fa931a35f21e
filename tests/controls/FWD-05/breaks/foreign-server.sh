#!/bin/bash
# A stranger's server was added to our list.
# kind: value
# image: both
# flips: FWD-05
# expect: drifted
set -eu
sed -i 's/^NTP=localhost.*/& time.stranger.example/' /etc/systemd/timesyncd.conf.d/zz-leeboard.conf
systemctl restart systemd-timesyncd
