#!/bin/bash
# dconf update ran with umask 077: users cannot read the database and get their own values.
# kind: permission
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
chmod 0600 /etc/dconf/db/local
