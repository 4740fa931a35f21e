#!/bin/bash
# The Include line was commented out, so no drop-in counts.
# kind: not_loaded
# image: server
# flips: LBL-01
# expect: drifted
# mends: no
# also: REM-07 drifted, REM-10 drifted
set -eu
sed -i -E '/^[[:space:]]*Banner/Id; s/^(Include .*sshd_config\.d.*)/# \1/' /etc/ssh/sshd_config
systemctl reload ssh
