#!/bin/bash
# The line was taken out again, since the file in the log folder was in somebody's way.
# kind: value
# image: gnome
# flips: AUD-10
# expect: drifted
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
sed -i '/logfile/d' "$file"
