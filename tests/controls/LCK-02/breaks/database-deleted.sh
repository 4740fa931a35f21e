#!/bin/bash
# Somebody cleaned up the compiled database and kept the key files.
# kind: not_loaded
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
rm /etc/dconf/db/local
