#!/bin/bash
# A package's clean-up took the file away.
# kind: not_loaded
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
rm /etc/xdg/kscreenlockerrc
