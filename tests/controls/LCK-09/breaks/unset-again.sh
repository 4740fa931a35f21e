#!/bin/bash
# Not read-only any more, and a later script unsets it.
# kind: precedence
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
sed -i 's/readonly TMOUT/:/g; s/declare -rx/declare -x/g' $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh) /etc/bash.bashrc
echo 'unset TMOUT' >/etc/profile.d/zzz-local.sh
