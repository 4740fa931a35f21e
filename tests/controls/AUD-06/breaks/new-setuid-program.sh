#!/bin/bash
# A package brought a setuid program, and no rule records who starts it.
# kind: value
# image: gnome
# flips: AUD-06
# expect: drifted
# mends: no
set -eu
cp /bin/true /usr/local/bin/menu
chmod 4755 /usr/local/bin/menu
