#!/bin/bash
# Comments, blank lines and one setting more in the greeter's file.
# kind: value
# image: gnome
set -eu
sed -i '1i # changed by the technician\n' /etc/gdm3/greeter.dconf-defaults
printf '\n[org/gnome/desktop/interface]\nclock-show-seconds=true\n' >>/etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
