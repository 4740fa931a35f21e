#!/bin/bash
# Whoever moves the mouse is in: RequirePassword=false.
# kind: value
# image: plasma
# flips: LCK-01
# expect: drifted
set -eu
sed -i '/^RequirePassword/d' /etc/xdg/kscreenlockerrc
sed -i '/^\[Daemon\]/a RequirePassword=false' /etc/xdg/kscreenlockerrc
