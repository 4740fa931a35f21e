#!/bin/bash
# A rule with a system call that does not exist: the rules fail to load, and with them auditd.
# kind: syntax
# image: server
# flips: AUD-01
# also: AUD-02 drifted, AUD-03 drifted, AUD-04 drifted, AUD-05 drifted, AUD-06 drifted, AUD-07 drifted
# expect: drifted
# mends: no
set -eu
echo '-a always,exit -F arch=b64 -S no_such_call -F key=local' >/etc/audit/rules.d/99-local.rules
chmod 0640 /etc/audit/rules.d/99-local.rules
systemctl stop auditd
systemctl start auditd || true
