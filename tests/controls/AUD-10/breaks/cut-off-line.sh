#!/bin/bash
# A line in another file was cut off by a full disk: sudo skips it, and nobody can say what else it skips.
# kind: syntax
# image: gnome
# flips: AUD-10
# expect: error
# mends: no
set -eu
echo 'teacher ALL=(ALL' >/etc/sudoers.d/20-teacher
chmod 0440 /etc/sudoers.d/20-teacher
