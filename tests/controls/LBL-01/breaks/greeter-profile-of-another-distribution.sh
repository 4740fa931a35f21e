#!/bin/bash
# The profile of a CIS text for Fedora names a file that Debian's gdm does not write.
# kind: precedence
# image: gnome
# flips: LBL-01 LCK-07
# expect: drifted
set -eu
for name in gdm Debian-gdm; do
    printf 'user-db:user\nfile-db:/usr/share/gdm/greeter-dconf-defaults\n' >/etc/dconf/profile/$name
done
