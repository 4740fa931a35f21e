#!/bin/bash
# The school keeps it in another file.
# kind: value
# image: gnome
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
sed -i 's#logfile=.*#logfile = /var/log/sudo-of-the-school.log#' "$file"
