#!/bin/bash
# log_group = root: auditd closes folder and log even more.
# kind: value
# image: server
set -eu
sed -i 's/^log_group = .*/log_group = root/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
