#!/bin/bash
# The log was moved to a file that no audit rule watches: who empties it leaves no trace.
# kind: value
# image: gnome
# flips: AUD-10
# expect: drifted
# mends: no
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
sed -i 's#logfile=.*#logfile = /var/log/sudo-of-the-school.log#' "$file"
