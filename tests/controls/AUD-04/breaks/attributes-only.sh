#!/bin/bash
# perm=wa became perm=a: a new line in /etc/group leaves no record.
# kind: value
# image: server
# flips: AUD-04
# expect: drifted
set -eu
sed -i '/path=.etc.group /s/perm=wa/perm=a/' /etc/audit/rules.d/*.rules
augenrules --load
