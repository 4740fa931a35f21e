#!/bin/bash
# A pupil's own kdeglobals is read before the machine's file, and its group is immutable (tried with 6.13).
# kind: per_user
# image: plasma
# flips: LCK-01 LCK-02 LCK-04
# expect: drifted
# alone: yes
# mends: no
set -eu
runuser -l pupil -c 'mkdir -p ~/.config && printf "[Daemon][\$i]\nTimeout=60\nLockOnResume=false\n" >>~/.config/kdeglobals'
