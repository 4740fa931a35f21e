#!/bin/bash
# One teacher's commands are not logged, in a file that is read last.
# kind: per_user
# image: gnome
# flips: AUD-10
# expect: drifted
# mends: no
set -eu
echo 'Defaults:teacher !logfile' >/etc/sudoers.d/zz-teacher
chmod 0440 /etc/sudoers.d/zz-teacher
