#!/bin/bash
# Another tool brought a rule that is there already: auditctl stops at the second one.
# kind: syntax
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
set -eu
umask 027
grep -h 'arch=b64 -F path=.etc.hosts ' /etc/audit/rules.d/*.rules >/etc/audit/rules.d/90-tool.rules
