#!/bin/bash
# log_group names a group of staff: auditd gives folder and log to it.
# kind: value
# image: server
# flips: AUD-13
# expect: drifted
set -eu
sed -i 's/^log_group = .*/log_group = teacher/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
