#!/bin/bash
# Somebody looked for a fault and left the debug shell switched on: a root shell on tty9 from the next start.
# kind: not_loaded
# image: gnome
# flips: LCK-07
# expect: drifted
# mends: no
set -eu
systemctl enable debug-shell.service
