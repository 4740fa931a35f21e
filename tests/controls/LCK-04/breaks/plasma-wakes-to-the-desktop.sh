#!/bin/bash
# Somebody switched off locking before sleep for everybody.
# kind: value
# image: plasma
# flips: LCK-04
# expect: drifted
set -eu
sed -i '/^LockOnResume/d' /etc/xdg/kscreenlockerrc
sed -i '/^\[Daemon\]/a LockOnResume=No' /etc/xdg/kscreenlockerrc
