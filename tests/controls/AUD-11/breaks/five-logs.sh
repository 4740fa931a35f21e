#!/bin/bash
# num_logs went back to five: two days of records.
# kind: value
# image: server
# flips: AUD-11
# expect: drifted
set -eu
sed -i 's/^num_logs = .*/num_logs = 5/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
