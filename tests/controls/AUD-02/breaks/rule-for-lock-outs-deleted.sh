#!/bin/bash
# The lines for faillock were taken out and the rest was loaded again.
# kind: value
# image: server
# flips: AUD-02
# expect: drifted
set -eu
sed -i /faillock/d /etc/audit/rules.d/*.rules
augenrules --load
