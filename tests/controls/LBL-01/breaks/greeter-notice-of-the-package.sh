#!/bin/bash
# An upgrade of gdm3 put its own greeter.dconf-defaults back.
# kind: value
# image: gnome
# flips: LBL-01 LCK-07
# expect: drifted
set -eu
cp /usr/share/gdm/greeter.dconf-defaults /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
