#!/bin/bash
# Only one home is watched.
# kind: value
# image: gnome
# flips: AUD-09
# expect: drifted
set -eu
sed -i 's/dir=.home. /dir=\/home\/pupil\/ /' /etc/audit/rules.d/*.rules
mkdir -p /home/pupil
