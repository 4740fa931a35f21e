#!/bin/bash
# Twice as many logs.
# kind: value
# image: server
set -eu
sed -i 's/^num_logs = .*/num_logs = 200/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
