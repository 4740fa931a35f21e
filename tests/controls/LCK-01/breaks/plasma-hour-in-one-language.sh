#!/bin/bash
# The minutes were set for German sessions only, where the file reads like a translation.
# kind: value
# image: plasma
# flips: LCK-01
# expect: drifted
set -eu
sed -i '/^\[Daemon\]/a Timeout[de]=60' /etc/xdg/kscreenlockerrc
