#!/bin/bash
# The line stands in /etc/sudoers itself, and our file is gone.
# kind: precedence
# image: gnome
set -eu
file=$(grep -ls '^Defaults.*logfile' /etc/sudoers.d/*)
rm "$file"
sed -i '1i Defaults\tenv_reset, logfile="/var/log/sudo.log"' /etc/sudoers
visudo -cq
