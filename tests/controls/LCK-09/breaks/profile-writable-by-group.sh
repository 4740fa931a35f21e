#!/bin/bash
# /etc/profile may be changed by a group of staff.
# kind: permission
# image: server
# flips: LCK-09
# expect: drifted
set -eu
chgrp teacher /etc/profile
chmod 0664 /etc/profile
