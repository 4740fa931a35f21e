#!/bin/bash
# Only 64-bit programs are recorded when they change /etc/shadow.
# kind: value
# image: server
# flips: AUD-04
# expect: drifted
set -eu
sed -i '/arch=b32 -F path=.etc.shadow /d' /etc/audit/rules.d/*.rules
augenrules --load
