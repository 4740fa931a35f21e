#!/bin/bash
# gdm 48 asks for the profile Debian-gdm (seen in its environment), so a profile called gdm, as in CIS texts, counts for nothing.
# kind: precedence
# image: gnome
set -eu
printf 'user-db:user\nfile-db:/usr/share/gdm/greeter-dconf-defaults\n' >/etc/dconf/profile/gdm
