#!/bin/bash
# disk_full_action = SUSPEND, as the package ships it: whoever fills the disk is not seen.
# kind: value
# image: server
# flips: AUD-12
# expect: drifted
set -eu
sed -i 's/^disk_full_action = .*/disk_full_action = SUSPEND/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
