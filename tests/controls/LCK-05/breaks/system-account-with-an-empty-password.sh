#!/bin/bash
# An old how-to for backups gave the account of the system a shell and no password.
# kind: per_user
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
usermod -s /bin/bash backup
passwd --delete backup
