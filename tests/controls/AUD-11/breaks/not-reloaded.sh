#!/bin/bash
# auditd runs with three logs; the file was put right, and auditd has not read it.
# kind: not_loaded
# image: server
# flips: AUD-01 AUD-11 AUD-12 AUD-13
# expect: pending
set -eu
cp -p /etc/audit/auditd.conf /root/right
sed -i 's/^num_logs = .*/num_logs = 3/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
cat /root/right >/etc/audit/auditd.conf
