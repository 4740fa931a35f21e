#!/bin/bash
# An option for one make of drive, beside what keeps the drivers away.
# kind: value
# image: gnome
set -eu
printf 'options usb-storage quirks=0bc2:2312:u\n' > /etc/modprobe.d/00-drives.conf
