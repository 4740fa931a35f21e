#!/bin/bash
# The script was renamed to .disabled, so /etc/profile does not read it.
# kind: not_loaded
# image: server
# flips: LCK-09
# expect: drifted
set -eu
# shellcheck disable=SC2013 # names without blanks
for file in $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh); do mv "$file" "$file.disabled"; done
sed -i '/TMOUT/d' /etc/bash.bashrc
