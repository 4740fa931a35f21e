#!/bin/bash
# A slip in a drop-in: the daemon runs on, and will not start again.
# kind: syntax
# image: server
# flips: REM-10 REM-07
# expect: error
# also: LBL-01 error
# mends: no
set -eu
echo 'PermitRotLogin no' >/etc/ssh/sshd_config.d/50-slip.conf
