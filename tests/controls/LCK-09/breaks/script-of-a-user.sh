#!/bin/bash
# Another script there belongs to a teacher.
# kind: permission
# image: server
# flips: LCK-09
# expect: drifted
set -eu
echo 'alias ll="ls -l"' >/etc/profile.d/aliases.sh
chown teacher /etc/profile.d/aliases.sh
