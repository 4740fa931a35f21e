#!/bin/bash
# An upgrade of base-files put its own /etc/issue back.
# kind: value
# image: both
# flips: LBL-01
# expect: drifted
set -eu
printf 'Debian GNU/Linux 13 \\n \\l\n\n' >/etc/issue
