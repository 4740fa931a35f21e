#!/bin/bash
# A pupil's own .profile tries to switch it off.
# kind: per_user
# image: server
set -eu
runuser -l pupil -c 'echo "unset TMOUT; TMOUT=0" >>~/.profile'
