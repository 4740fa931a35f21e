#!/bin/bash
# A file with a dot in its name says otherwise; sudo skips it.
# kind: precedence
# image: gnome
set -eu
echo 'Defaults !logfile' >/etc/sudoers.d/zzz.dpkg-old
chmod 0440 /etc/sudoers.d/zzz.dpkg-old
