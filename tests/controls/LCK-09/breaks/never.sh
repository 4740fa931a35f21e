#!/bin/bash
# TMOUT=0 switches it off.
# kind: value
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
sed -i 's/TMOUT=[0-9][0-9]*/TMOUT=0/g' $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh) /etc/bash.bashrc
