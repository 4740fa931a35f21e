#!/bin/bash
# A stranger's server is still asked, although the file was put right.
# kind: not_loaded
# image: both
# flips: FWD-05
# expect: pending
set -eu
cp -p /etc/systemd/timesyncd.conf.d/zz-leeboard.conf /root/good
sed -i 's/^NTP=localhost/NTP=time.stranger.example/' /etc/systemd/timesyncd.conf.d/zz-leeboard.conf
systemctl restart systemd-timesyncd
sleep 2
cp /root/good /etc/systemd/timesyncd.conf.d/zz-leeboard.conf
