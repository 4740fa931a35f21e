#!/bin/bash
# write_logs = no, to spare the disk: every record goes to the dispatcher and nowhere else.
# kind: value
# image: server
# flips: AUD-01 AUD-11
# expect: drifted
set -eu
sed -i 's/^write_logs = .*/write_logs = no/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
