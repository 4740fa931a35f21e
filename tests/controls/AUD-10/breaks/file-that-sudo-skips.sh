#!/bin/bash
# The file was renamed to .old: sudo skips names with a dot.
# kind: not_loaded
# image: gnome
# flips: AUD-10
# expect: drifted
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
mv "$file" "$file.old"
