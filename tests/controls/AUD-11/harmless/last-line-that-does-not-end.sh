#!/bin/bash
# A last line without a line end says two: auditd skips it.
# kind: syntax
# image: server
set -eu
printf 'num_logs = 2' >>/etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
