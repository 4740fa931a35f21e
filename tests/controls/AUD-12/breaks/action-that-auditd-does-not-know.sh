#!/bin/bash
# disk_full_action = email is no action for a full disk: auditd does not take the file.
# kind: syntax
# image: server
# flips: AUD-01 AUD-11 AUD-12 AUD-13
# expect: error
# mends: no
set -eu
sed -i 's/^disk_full_action = .*/disk_full_action = email/' /etc/audit/auditd.conf
