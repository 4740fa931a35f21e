#!/bin/bash
# The profile names the user's database and no system database.
# kind: precedence
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
echo user-db:user >/etc/dconf/profile/user
