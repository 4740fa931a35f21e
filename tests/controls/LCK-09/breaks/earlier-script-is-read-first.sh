#!/bin/bash
# bash.bashrc came back as packaged, and a script with a lower name makes two hours read-only before ours is read.
# kind: precedence
# image: server
# flips: LCK-09
# expect: drifted
set -eu
sed -i '/tmout/Id' /etc/bash.bashrc
printf 'TMOUT=7200\nreadonly TMOUT\nexport TMOUT\n' >/etc/profile.d/00-admin.sh
