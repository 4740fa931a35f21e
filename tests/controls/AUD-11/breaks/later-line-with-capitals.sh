#!/bin/bash
# A line at the end of the file, in capitals, says three: the last one counts.
# kind: precedence
# image: server
# flips: AUD-11
# expect: drifted
set -eu
echo 'NUM_LOGS = 3' >>/etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
