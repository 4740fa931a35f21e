#!/bin/bash
# DCONF_PROFILE in /etc/environment sends every session to a profile without our database.
# kind: precedence
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
# mends: no
set -eu
echo user-db:user >/etc/dconf/profile/guest
echo DCONF_PROFILE=guest >>/etc/environment
