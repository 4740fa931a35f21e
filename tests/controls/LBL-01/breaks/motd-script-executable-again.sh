#!/bin/bash
# An upgrade made /etc/update-motd.d/10-uname executable again: every sign-in shows the kernel.
# kind: precedence
# image: server
# flips: LBL-01
# expect: drifted
set -eu
mkdir -p /etc/update-motd.d
[ -e /etc/update-motd.d/10-uname ] || printf '#!/bin/sh\nuname -snrvm\n' >/etc/update-motd.d/10-uname
chmod 0755 /etc/update-motd.d/10-uname
