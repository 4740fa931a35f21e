#!/bin/bash
# The profile was copied from a school whose database is called site; here that does not exist.
# kind: precedence
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
printf 'user-db:user\nsystem-db:site\n' >/etc/dconf/profile/user
