#!/bin/bash
# An administrator loaded the driver of USB drives by hand, for one stick; it stays until the machine is started again.
# kind: not_loaded
# image: gnome
# flips: ENC-11
# expect: pending
# mends: no
# A driver that may be in use is not taken away from whoever uses it.
set -eu
modprobe --ignore-install usb-storage
