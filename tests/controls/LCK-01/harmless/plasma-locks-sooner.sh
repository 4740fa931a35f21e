#!/bin/bash
# Two minutes, written as a fraction, and the password at once.
# kind: value
# image: plasma
set -eu
sed -i '/^\[Daemon\]/a Timeout=1.5\nLockGrace=0' /etc/xdg/kscreenlockerrc
