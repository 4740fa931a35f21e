#!/bin/bash
# The greeter's text was edited; gdm compiles it at its next start.
# kind: not_loaded
# image: gnome
# flips: LBL-01
# expect: drifted
set -eu
sed -i "s/^banner-message-text=.*/banner-message-text='Welcome'/" /etc/gdm3/greeter.dconf-defaults
