#!/bin/bash
# AutomaticLogin names a user, but is not enabled.
# kind: value
# image: gnome
set -eu
sed -i '0,/^\[daemon\]/s//[daemon]\nAutomaticLogin=pupil/' /etc/gdm3/daemon.conf
