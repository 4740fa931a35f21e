#!/bin/bash
# chmod 666: any pupil can change what root's next shell runs.
# kind: permission
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
chmod 0666 $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh)
