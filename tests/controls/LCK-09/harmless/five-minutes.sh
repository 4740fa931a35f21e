#!/bin/bash
# Stricter: two minutes.
# kind: value
# image: server
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
sed -i 's/TMOUT=[0-9][0-9]*/TMOUT=120/g' $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh) /etc/bash.bashrc
