#!/bin/bash
# A later script tries an hour; the variable is read-only, so bash refuses.
# kind: precedence
# image: server
set -eu
echo 'TMOUT=3600' >/etc/profile.d/zzz-late.sh
