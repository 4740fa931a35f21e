#!/bin/bash
# Somebody made the machine sign the pupil in by itself.
# kind: value
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
sed -i '0,/^\[daemon\]/s//[daemon]\nAutomaticLogin=pupil\nAutomaticLoginEnable=true/' /etc/gdm3/daemon.conf
sed -i '/^AutomaticLoginEnable *= *[Ff]alse/d' /etc/gdm3/daemon.conf
