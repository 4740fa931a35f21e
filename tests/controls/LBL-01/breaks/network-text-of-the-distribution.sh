#!/bin/bash
# An upgrade of base-files put its own /etc/issue.net back.
# kind: value
# image: both
# flips: LBL-01
# expect: drifted
set -eu
echo 'Debian GNU/Linux 13' >/etc/issue.net
