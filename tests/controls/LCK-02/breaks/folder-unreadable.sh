#!/bin/bash
# A hardening script closed /etc/dconf to everybody but root.
# kind: permission
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
chmod 0700 /etc/dconf/db
