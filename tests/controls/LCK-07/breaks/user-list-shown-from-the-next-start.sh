#!/bin/bash
# The greeter's file was edited; gdm compiles it at its next start, so tonight's check must say so.
# kind: not_loaded
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
sed -i 's/^disable-user-list=.*/disable-user-list=false/' /etc/gdm3/greeter.dconf-defaults
