#!/bin/bash
# AutomaticLoginEnable stands under [security], where gdm does not look.
# kind: syntax
# image: gnome
set -eu
sed -i '0,/^\[security\]/s//[security]\nAutomaticLoginEnable=true/' /etc/gdm3/daemon.conf
