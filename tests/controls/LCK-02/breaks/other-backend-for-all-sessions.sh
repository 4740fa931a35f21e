#!/bin/bash
# GSETTINGS_BACKEND=memory in /etc/environment: dconf is not asked at all (PAINS 14, tried on Debian 13).
# kind: precedence
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
# mends: no
set -eu
echo GSETTINGS_BACKEND=memory >>/etc/environment
