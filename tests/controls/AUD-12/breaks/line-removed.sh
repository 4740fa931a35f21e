#!/bin/bash
# The line for a full log is gone: auditd's own default is to let it grow.
# kind: value
# image: server
# flips: AUD-12
# expect: drifted
set -eu
sed -i '/^max_log_file_action/d' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
