#!/bin/bash
# One teacher's commands are not logged.
# kind: per_user
# image: gnome
# flips: AUD-10
# expect: drifted
# mends: no
set -eu
echo 'Defaults:teacher !logfile' >/etc/sudoers.d/20-teacher
chmod 0440 /etc/sudoers.d/20-teacher
