#!/bin/bash
# A comment of Debian's own file was followed: the technician's group becomes root without a password.
# kind: precedence
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
groupadd -f repairs
gpasswd -a technician repairs
sed -i '1i auth sufficient pam_wheel.so trust group=repairs' /etc/pam.d/su
