#!/bin/bash
# The exams office loads the driver of USB drives by a file that is read before the others.
# kind: precedence
# image: gnome
# flips: ENC-11
# expect: drifted
# mends: no
# modprobe takes the first "install" of a module: Leeboard's would have no effect, and is refused with this file's name.
set -eu
printf 'install usb-storage /sbin/modprobe --ignore-install usb-storage\n' > /etc/modprobe.d/00-exams.conf
