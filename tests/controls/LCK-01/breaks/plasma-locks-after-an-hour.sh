#!/bin/bash
# Somebody changed the minutes in the machine's file.
# kind: value
# image: plasma
# flips: LCK-01
# expect: drifted
set -eu
sed -i '/^Timeout/d' /etc/xdg/kscreenlockerrc
sed -i '/^\[Daemon\]/a Timeout=60' /etc/xdg/kscreenlockerrc
