#!/bin/bash
# Another author wrote it in one line: declare -rx.
# kind: value
# image: server
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
rm $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh)
sed -i '/TMOUT/d' /etc/bash.bashrc
printf '[ -n "$BASH" ] && [ -z "$TMOUT" ] && declare -rx TMOUT=600\n[ -n "$TMOUT" ] || { TMOUT=600; readonly TMOUT; export TMOUT; }\n' >/etc/profile.d/50-timeout.sh
printf '[ -n "$TMOUT" ] || declare -rx TMOUT=600\n' >>/etc/bash.bashrc
