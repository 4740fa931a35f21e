#!/bin/bash
# The same by systemd's environment.d, which graphical sessions read.
# kind: precedence
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
# mends: no
set -eu
mkdir -p /etc/environment.d
echo user-db:user >/etc/dconf/profile/guest
echo DCONF_PROFILE=guest >/etc/environment.d/60-guest.conf
