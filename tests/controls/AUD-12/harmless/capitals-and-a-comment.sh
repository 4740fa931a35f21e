#!/bin/bash
# Capitals, blanks, and a comment after an action, which auditd takes.
# kind: value
# image: server
set -eu
sed -i 's/^disk_full_action = .*/Disk_Full_Action   =   SysLog # since March, as agreed/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
