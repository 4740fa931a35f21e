#!/bin/bash
# Without /etc/dconf/profile/user dconf reads no system database at all (PAINS 14).
# kind: not_loaded
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
rm /etc/dconf/profile/user
