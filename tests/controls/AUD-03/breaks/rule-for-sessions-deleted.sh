#!/bin/bash
# The lines for the database of sessions were taken out and the rest was loaded again.
# kind: value
# image: server
# flips: AUD-03
# expect: drifted
set -eu
sed -i /wtmp/d /etc/audit/rules.d/*.rules
augenrules --load
