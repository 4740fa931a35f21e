#!/bin/bash
# Fewer and larger logs come to the same.
# kind: value
# image: server
set -eu
sed -i 's/^num_logs = .*/num_logs = 10/' /etc/audit/auditd.conf
sed -i 's/^max_log_file = .*/max_log_file = 40/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
