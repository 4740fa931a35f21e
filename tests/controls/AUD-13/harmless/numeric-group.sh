#!/bin/bash
# The group as a number.
# kind: value
# image: server
set -eu
sed -i "s/^log_group = .*/log_group = $(getent group adm | cut -d: -f3)/" /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
