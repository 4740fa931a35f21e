#!/bin/bash
# The switch stands there in other spelling, with blanks, and is off.
# kind: value
# image: gnome
set -eu
sed -i '/^[[:space:]]*AutomaticLoginEnable/d' /etc/gdm3/daemon.conf
sed -i '0,/^\[daemon\]/s//[daemon]\nAutomaticLoginEnable = false/' /etc/gdm3/daemon.conf
