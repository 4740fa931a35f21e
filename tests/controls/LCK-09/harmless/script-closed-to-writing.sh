#!/bin/bash
# Mode 0444 is stricter than 0644.
# kind: permission
# image: server
set -eu
# shellcheck disable=SC2046 # names without blanks, each a word
chmod 0444 $(grep -lE '(^|[^A-Z_])TMOUT=' /etc/profile.d/*.sh)
