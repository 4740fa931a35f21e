#!/bin/bash
# dir= became path=: changes inside the files of /etc/pam.d leave no record.
# kind: value
# image: server
# flips: AUD-04
# expect: drifted
set -eu
sed -i 's/dir=.etc.pam.d/path=\/etc\/pam.d/' /etc/audit/rules.d/*.rules
augenrules --load
