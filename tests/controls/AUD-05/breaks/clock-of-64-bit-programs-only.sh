#!/bin/bash
# The clock is watched for 64-bit programs only.
# kind: value
# image: server
# flips: AUD-05
# expect: drifted
set -eu
sed -i '/arch=b32.*adjtimex/d' /etc/audit/rules.d/*.rules
augenrules --load
