#!/bin/bash
# Somebody needed a stick, and took out whatever kept the drivers of USB drives away.
# kind: value
# image: gnome
# flips: ENC-11
# expect: drifted
set -eu
grep -rlE '^install (usb[-_]storage|uas) ' /etc/modprobe.d | xargs rm
modprobe --showconfig | grep -qE '^install (usb_storage|uas) ' && exit 1
exit 0
