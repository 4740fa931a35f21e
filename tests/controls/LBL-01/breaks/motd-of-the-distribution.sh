#!/bin/bash
# The warranty text of Debian is back in /etc/motd.
# kind: value
# image: both
# flips: LBL-01
# expect: drifted
set -eu
printf '\nThe programs included with the Debian GNU/Linux system are free software.\n' >/etc/motd
