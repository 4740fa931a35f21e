#!/bin/bash
# Programs under another account are recorded for one account only.
# kind: value
# image: server
# flips: AUD-06
# expect: drifted
set -eu
sed -i '/user_emulation/s/auid!=unset/auid=4242/' /etc/audit/rules.d/*.rules
augenrules --load
