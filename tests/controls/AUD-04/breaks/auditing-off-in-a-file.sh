#!/bin/bash
# -e 0 in a file of a technician who was bothered by the log, and loaded.
# kind: precedence
# image: server
# flips: AUD-01 AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
set -eu
umask 027
echo '-e 0' >/etc/audit/rules.d/95-off.rules
augenrules --load
