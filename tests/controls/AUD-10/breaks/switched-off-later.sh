#!/bin/bash
# A later file switches the log file off again.
# kind: precedence
# image: gnome
# flips: AUD-10
# expect: drifted
# mends: no
set -eu
echo 'Defaults !logfile' >/etc/sudoers.d/zzz-quiet
chmod 0440 /etc/sudoers.d/zzz-quiet
