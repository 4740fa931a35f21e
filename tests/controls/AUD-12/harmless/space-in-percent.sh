#!/bin/bash
# The warning comes at a quarter of the disk.
# kind: value
# image: server
set -eu
sed -i 's/^space_left = .*/space_left = 25%/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
