#!/bin/bash
# Somebody saved the file with a tool that knows no marks.
# kind: lock_removed
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
sed -i 's/^\[Daemon\].*/[Daemon]/' /etc/xdg/kscreenlockerrc
