#!/bin/bash
# The line was written last and without a line end: auditd skips it, and counts no logs at all.
# kind: syntax
# image: server
# flips: AUD-11
# expect: drifted
set -eu
line=$(grep '^num_logs' /etc/audit/auditd.conf)
sed -i '/^num_logs/d' /etc/audit/auditd.conf
printf '%s' "$line" >>/etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
