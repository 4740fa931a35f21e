#!/bin/bash
# The school's logo is on the greeter.
# kind: value
# image: gnome
set -eu
sed -i "s#^logo=.*#logo='/usr/share/pixmaps/school.png'#" /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
