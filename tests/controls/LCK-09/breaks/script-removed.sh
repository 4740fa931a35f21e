#!/bin/bash
# The script in /etc/profile.d and the lines in /etc/bash.bashrc were removed.
# kind: value
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
rm $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh)
sed -i '/TMOUT/d' /etc/bash.bashrc
