#!/bin/bash
# A script that "repaired permissions" lets everybody write the file.
# kind: permission
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
chmod 0666 /etc/xdg/kscreenlockerrc
