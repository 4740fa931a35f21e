#!/bin/bash
# One teacher's commands go to a name of their own, which leads to the file that the rules watch.
# kind: per_user
# image: gnome
set -eu
ln -s sudo.log /var/log/sudo-teacher.log
echo 'Defaults:teacher logfile=/var/log/sudo-teacher.log' >/etc/sudoers.d/zz-teacher
chmod 0440 /etc/sudoers.d/zz-teacher
