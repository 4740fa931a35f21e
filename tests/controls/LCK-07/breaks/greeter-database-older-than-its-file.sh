#!/bin/bash
# The file is right again, the compiled database still shows the list until gdm starts.
# kind: not_loaded
# image: gnome
# flips: LCK-07
# expect: pending
set -eu
cp -a /etc/gdm3/greeter.dconf-defaults /root/good
sed -i 's/^disable-user-list=.*/disable-user-list=false/' /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
cp -a /root/good /etc/gdm3/greeter.dconf-defaults
