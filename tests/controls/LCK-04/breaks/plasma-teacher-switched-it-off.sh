#!/bin/bash
# The mark of the group is gone, and a teacher's machine wakes to the desktop.
# kind: per_user
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
set -eu
sed -i 's/^\[Daemon\].*/[Daemon]/' /etc/xdg/kscreenlockerrc
runuser -l teacher -c 'mkdir -p ~/.config && printf "[Daemon]\nLockOnResume=false\n" >~/.config/kscreenlockerrc'
