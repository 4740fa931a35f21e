#!/bin/bash
# keep_logs without anybody who takes the logs away fills the disk.
# kind: value
# image: server
# flips: AUD-12
# expect: drifted
set -eu
sed -i 's/^max_log_file_action = .*/max_log_file_action = KEEP_LOGS/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
