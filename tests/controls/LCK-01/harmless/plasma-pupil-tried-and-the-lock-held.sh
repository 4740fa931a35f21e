#!/bin/bash
# A pupil wrote an hour into his own file, also for his language. The group is immutable.
# kind: per_user
# image: plasma
set -eu
runuser -l pupil -c 'mkdir -p ~/.config && printf "[Daemon]\nTimeout=60\n" >~/.config/kscreenlockerrc'
runuser -l pupil -c 'echo "Timeout[en_GB]=60" >>~/.config/kscreenlockerrc'
