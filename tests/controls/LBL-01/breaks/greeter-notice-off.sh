#!/bin/bash
# banner-message-enable=false on the greeter, and gdm was reloaded.
# kind: value
# image: gnome
# flips: LBL-01
# expect: drifted
set -eu
sed -i 's/^banner-message-enable=.*/banner-message-enable=false/' /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
