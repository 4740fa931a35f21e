#!/bin/bash
# /etc/motd may be changed by a group of staff.
# kind: permission
# image: server
# flips: LBL-01
# expect: drifted
set -eu
[ -e /etc/motd ] || : >/etc/motd
chgrp teacher /etc/motd
chmod 0664 /etc/motd
