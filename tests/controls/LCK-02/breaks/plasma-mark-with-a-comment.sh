#!/bin/bash
# A note behind the header makes it a group inside [Daemon], which nobody reads.
# kind: syntax
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
sed -i 's/^\[Daemon\].*/[Daemon][$i] # do not change/' /etc/xdg/kscreenlockerrc
