#!/bin/bash
# An old guide's group in kdeglobals is read first, and what is immutable there stays.
# kind: precedence
# image: plasma
# flips: LCK-01
# expect: drifted
# alone: yes
# mends: no
set -eu
printf '[Daemon][$i]\nTimeout=60\n' >>/etc/xdg/kdeglobals
chmod 0644 /etc/xdg/kdeglobals
