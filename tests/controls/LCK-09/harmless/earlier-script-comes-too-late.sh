#!/bin/bash
# A script with a lower name wants two hours, but at a console bash.bashrc was read before it.
# kind: precedence
# image: server
set -eu
printf 'TMOUT=7200\nreadonly TMOUT\nexport TMOUT\n' >/etc/profile.d/00-admin.sh
