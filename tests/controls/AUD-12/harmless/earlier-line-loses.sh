#!/bin/bash
# An earlier line says halt.
# kind: precedence
# image: server
set -eu
sed -i '1i disk_full_action = HALT' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
