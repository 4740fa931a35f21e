#!/bin/bash
# The disk was full when the database was written: only its beginning is there.
# kind: syntax
# image: gnome
# flips: LCK-02 LCK-04 LCK-07 LCK-08
# expect: drifted
# alone: yes
set -eu
head -c 20 /etc/dconf/db/local >/etc/dconf/db/local.new
chmod 0644 /etc/dconf/db/local.new
mv /etc/dconf/db/local.new /etc/dconf/db/local
