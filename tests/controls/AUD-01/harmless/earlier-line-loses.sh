#!/bin/bash
# An earlier line says no; auditd takes the last one.
# kind: precedence
# image: server
set -eu
sed -i '1i write_logs = no' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
