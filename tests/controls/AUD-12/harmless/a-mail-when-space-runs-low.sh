#!/bin/bash
# A mail to root when space runs low.
# kind: value
# image: server
set -eu
sed -i 's/^space_left_action = .*/space_left_action = EMAIL/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
