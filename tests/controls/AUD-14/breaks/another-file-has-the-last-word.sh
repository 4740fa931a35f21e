#!/bin/bash
# A later file says -e 1, and of all -e the last one counts.
# kind: precedence
# image: gnome
# flips: AUD-14
# expect: drifted
# mends: no
set -eu
umask 027
echo '-e 1' >/etc/audit/rules.d/zz-last.rules
