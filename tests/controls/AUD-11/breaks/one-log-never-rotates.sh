#!/bin/bash
# num_logs = 1 switches rotation off.
# kind: value
# image: server
# flips: AUD-11
# expect: drifted
set -eu
sed -i 's/^num_logs = .*/num_logs = 1/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
