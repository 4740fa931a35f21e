#!/bin/bash
# KConfig knows more than one word for yes, and escapes.
# kind: value
# image: plasma
set -eu
sed -i '/^\[Daemon\]/a Autolock=YES\nLock=1\nTimeout=\\x35' /etc/xdg/kscreenlockerrc
