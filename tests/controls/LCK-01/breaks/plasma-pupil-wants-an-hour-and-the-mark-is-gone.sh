#!/bin/bash
# The mark of the group is gone, and one pupil has chosen an hour.
# kind: per_user
# image: plasma
# flips: LCK-01 LCK-02 LCK-04
# expect: drifted
set -eu
sed -i 's/^\[Daemon\].*/[Daemon]/' /etc/xdg/kscreenlockerrc
runuser -l pupil -c 'mkdir -p ~/.config && printf "[Daemon]\nTimeout=60\n" >~/.config/kscreenlockerrc'
