#!/bin/bash
# The school keeps it by another name, which leads to the file that the rules watch.
# kind: value
# image: gnome
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
ln -s sudo.log /var/log/sudo-of-the-school.log
sed -i 's#logfile=.*#logfile = /var/log/sudo-of-the-school.log#' "$file"
