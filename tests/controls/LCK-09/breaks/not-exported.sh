#!/bin/bash
# The word export was taken out: a shell started from the first one never ends.
# kind: value
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
sed -i 's/export TMOUT/:/g; s/declare -rx/declare -r/g' $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh) /etc/bash.bashrc
