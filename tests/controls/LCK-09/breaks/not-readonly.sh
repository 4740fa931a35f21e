#!/bin/bash
# The word readonly was taken out, so any user may say unset TMOUT.
# kind: lock_removed
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
sed -i -E 's/^([[:space:]]*)(readonly|declare -rx|typeset -rx|export -r)([[:space:]].*)?$/\1:/; s/readonly TMOUT/:/g; s/declare -rx/declare -x/g' $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh) /etc/bash.bashrc
