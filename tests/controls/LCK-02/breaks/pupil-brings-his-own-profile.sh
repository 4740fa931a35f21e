#!/bin/bash
# A pupil points DCONF_PROFILE to a profile of his own: every key is writable for him (dconf(7)).
# kind: per_user
# image: gnome
# flips: LCK-02
# expect: drifted
# mends: no
set -eu
runuser -l pupil -c 'mkdir -p ~/.config/environment.d && echo user-db:user >~/profile &&
    echo DCONF_PROFILE=/home/pupil/profile >~/.config/environment.d/me.conf'
