#!/bin/bash
# Files whose names do not end in .sh are not read, whatever they say.
# kind: precedence
# image: server
set -eu
echo 'TMOUT=0' >/etc/profile.d/README
echo 'TMOUT=0' >/etc/profile.d/old.sh.bak
