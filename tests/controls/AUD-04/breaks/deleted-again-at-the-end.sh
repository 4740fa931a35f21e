#!/bin/bash
# A -D with a blank behind it: augenrules leaves it where it stands, after our rules.
# kind: precedence
# image: server
# flips: AUD-02 AUD-03 AUD-04 AUD-05 AUD-06 AUD-07
# expect: drifted
# mends: no
set -eu
umask 027
echo '-D ' >/etc/audit/rules.d/90-clean.rules
augenrules --load
