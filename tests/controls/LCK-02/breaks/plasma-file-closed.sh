#!/bin/bash
# The file was copied with umask 077: users cannot read it and get their own values.
# kind: permission
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
chmod 0600 /etc/xdg/kscreenlockerrc
