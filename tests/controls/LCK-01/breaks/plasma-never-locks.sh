#!/bin/bash
# The settings page was told not to lock, and its file was copied for everybody.
# kind: value
# image: plasma
# flips: LCK-01
# expect: drifted
set -eu
sed -i '/^Autolock/d' /etc/xdg/kscreenlockerrc
sed -i '/^\[Daemon\]/a Autolock=off' /etc/xdg/kscreenlockerrc
