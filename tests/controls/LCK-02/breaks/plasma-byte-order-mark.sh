#!/bin/bash
# A Windows editor put a byte order mark before the first header.
# kind: syntax
# image: plasma
# flips: LCK-02 LCK-04
# expect: drifted
# alone: yes
set -eu
printf '\357\273\277[Daemon][$i]\nTimeout=5\n' >/etc/xdg/kscreenlockerrc
