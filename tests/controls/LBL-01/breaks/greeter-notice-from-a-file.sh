#!/bin/bash
# GNOME 48 can take the notice from a file instead: then the text in the settings is ignored.
# kind: precedence
# image: gnome
# flips: LBL-01
# expect: drifted
set -eu
sed -i '/^banner-message-source=/d' /etc/gdm3/greeter.dconf-defaults
sed -i "0,/^\\[org\/gnome\/login-screen\\]/s//[org\/gnome\/login-screen]\nbanner-message-source='file'/" /etc/gdm3/greeter.dconf-defaults
/usr/share/gdm/generate-config
