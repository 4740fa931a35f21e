#!/bin/bash
# LockGrace=-1 looks like "at once", and Plasma 6 never asks for the password.
# kind: value
# image: plasma
# flips: LCK-01
# expect: drifted
set -eu
sed -i '/^LockGrace/d' /etc/xdg/kscreenlockerrc
sed -i '/^\[Daemon\]/a LockGrace=-1' /etc/xdg/kscreenlockerrc
