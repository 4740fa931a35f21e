#!/bin/bash
# The control of the preauth line became optional: failures are counted, and nobody is shut out.
# kind: precedence
# image: server
# flips: LCK-05
# expect: drifted
# mends: no
set -eu
# pam-auth-update takes the line for one that was changed by hand, so Leeboard leaves the file and says where.
sed -i 's/^auth.*requisite.*pam_faillock.so preauth.*/auth optional pam_faillock.so preauth/' /etc/pam.d/common-auth
