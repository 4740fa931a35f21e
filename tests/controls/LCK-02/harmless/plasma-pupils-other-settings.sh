#!/bin/bash
# A pupil has settings of his own in kdeglobals, none of them about the lock.
# kind: per_user
# image: plasma
set -eu
runuser -l pupil -c 'mkdir -p ~/.config && printf "[KDE][\$i]\nSingleClick=true\n[Daemons]\nTimeout=60\n" >~/.config/kdeglobals'
