#!/bin/bash
# auditd would stop recording when the disk fails; the file was put right, and auditd has not read it.
# kind: not_loaded
# image: server
# flips: AUD-01 AUD-11 AUD-12 AUD-13
# expect: pending
set -eu
cp -p /etc/audit/auditd.conf /root/right
sed -i 's/^disk_error_action = .*/disk_error_action = SUSPEND/' /etc/audit/auditd.conf
auditctl --signal reload >/dev/null
sleep 3
cat /root/right >/etc/audit/auditd.conf
