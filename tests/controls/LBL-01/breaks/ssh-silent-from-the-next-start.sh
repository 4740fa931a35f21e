#!/bin/bash
# Banner none was written, sshd still shows the notice until it is next started.
# kind: not_loaded
# image: server
# flips: LBL-01
# expect: drifted
# also: REM-07 pending, REM-10 pending
# mends: no
set -eu
echo 'Banner none' >/etc/ssh/sshd_config.d/00-aaa.conf
