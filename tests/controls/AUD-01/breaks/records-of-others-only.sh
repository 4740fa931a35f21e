#!/bin/bash
# local_events = no came from the template of a log server: from the next start this machine records nothing.
# kind: value
# image: server
# flips: AUD-01
# expect: drifted
set -eu
sed -i 's/^local_events = .*/local_events = no/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
