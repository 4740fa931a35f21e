#!/bin/bash
# An earlier line says two.
# kind: precedence
# image: server
set -eu
sed -i '1i num_logs = 2' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
