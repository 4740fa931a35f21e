#!/bin/bash
# Our file was deleted, and the distribution's servers are asked again.
# kind: value
# image: both
# flips: FWD-05
# expect: drifted
set -eu
rm /etc/systemd/timesyncd.conf.d/zz-leeboard.conf
systemctl restart systemd-timesyncd
