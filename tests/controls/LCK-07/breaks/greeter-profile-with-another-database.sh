#!/bin/bash
# The greeter's profile was replaced: a system database stands above gdm's own (as CIS describes it).
# kind: precedence
# image: gnome
# flips: LCK-07
# expect: drifted
set -eu
for name in gdm Debian-gdm; do
    printf 'user-db:user\nsystem-db:gdm\nfile-db:/var/lib/gdm3/greeter-dconf-defaults\n' >/etc/dconf/profile/$name
done
mkdir -p /etc/dconf/db/gdm.d
printf '[org/gnome/login-screen]\ndisable-user-list=false\n' >/etc/dconf/db/gdm.d/00-login-screen
dconf update
