#!/bin/bash
# Locking at the start of a session is another key.
# kind: value
# image: plasma
set -eu
sed -i '/^\[Daemon\]/a LockOnStart=false' /etc/xdg/kscreenlockerrc
