#!/bin/bash
# A pupil's start script sends his session to settings of his own.
# kind: per_user
# image: plasma
# flips: LCK-02
# expect: drifted
# alone: yes
# mends: no
set -eu
runuser -l pupil -c 'mkdir -p ~/.config/plasma-workspace/env && echo "export XDG_CONFIG_DIRS=/tmp" >~/.config/plasma-workspace/env/a.sh'
