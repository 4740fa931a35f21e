#!/bin/bash
# /etc/profile came from another distribution's template: it reads no profile.d and no bash.bashrc.
# kind: not_loaded
# image: server
# flips: LCK-09
# expect: drifted
# mends: no
set -eu
printf 'PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\n' >/etc/profile
