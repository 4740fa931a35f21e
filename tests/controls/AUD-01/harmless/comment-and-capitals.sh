#!/bin/bash
# A comment, capitals and blanks in auditd.conf, and a reload.
# kind: value
# image: server
set -eu
sed -i 's/^write_logs = .*/  WRITE_LOGS   =   YES/; 1i # Checked by the council in March' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
