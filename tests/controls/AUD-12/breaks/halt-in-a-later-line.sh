#!/bin/bash
# A benchmark's script added halt at the end of the file: the last line counts.
# kind: precedence
# image: server
# flips: AUD-12
# expect: drifted
set -eu
echo 'Admin_Space_Left_Action = HALT' >>/etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
