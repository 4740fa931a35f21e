#!/bin/bash
# One -S for each call, in another order.
# kind: value
# image: server
set -eu
calls='-S clock_settime -S adjtimex -S settimeofday'
sed -i "s/-S adjtimex,settimeofday,clock_settime/$calls/" /etc/audit/rules.d/*.rules
augenrules --load
