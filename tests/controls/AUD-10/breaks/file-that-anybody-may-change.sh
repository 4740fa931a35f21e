#!/bin/bash
# chmod 666: sudo reads no file that others than root may change.
# kind: permission
# image: gnome
# flips: AUD-10
# expect: drifted
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
chmod 0666 "$file"
