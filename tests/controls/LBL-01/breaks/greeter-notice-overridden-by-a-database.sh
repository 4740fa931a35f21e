#!/bin/bash
# The greeter's profile was replaced: a system database above gdm's own brings another text.
# kind: precedence
# image: gnome
# flips: LBL-01
# expect: drifted
set -eu
for name in gdm Debian-gdm; do
    printf 'user-db:user\nsystem-db:gdm\nfile-db:/var/lib/gdm3/greeter-dconf-defaults\n' >/etc/dconf/profile/$name
done
mkdir -p /etc/dconf/db/gdm.d
printf "[org/gnome/login-screen]\nbanner-message-text='Hello'\n" >/etc/dconf/db/gdm.d/01-banner
dconf update
