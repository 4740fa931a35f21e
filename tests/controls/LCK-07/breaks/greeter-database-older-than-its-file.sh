#!/bin/bash
# The file is right again, the compiled database still shows the list until gdm starts.
# kind: not_loaded
# image: gnome
# flips: LCK-07
# expect: pending
# alone: yes
# Whatever has the greeter's database made anew (a notice on it does) ends what is pending.
set -eu
cp -a /etc/gdm3/greeter.dconf-defaults /root/good
sed -i 's/^disable-user-list=.*/disable-user-list=false/' /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
cp -a /root/good /etc/gdm3/greeter.dconf-defaults
